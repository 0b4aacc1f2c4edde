import { InvalidArgumentError } from 'commander'

/** Parsers of option values. What they throw is a usage error. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('Expected a whole number from 0.')
}

export function positiveWholeNumber(text: string): number {
  const value = wholeNumber(text)
  if (value > 0) return value
  throw new InvalidArgumentError('Expected a whole number from 1.')
}

export function nonNegative(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value < Infinity) return value
  throw new InvalidArgumentError('Expected a number from 0.')
}

export function fraction(text: string): number {
  const value = nonNegative(text)
  if (value <= 1) return value
  throw new InvalidArgumentError('Expected a number from 0 to 1.')
}

/** Token ids such as `1,2,3`; whether a model knows them is for the model to say. */
export function tokenIds(text: string): Int32Array {
  const ids = text.split(',').map((id) => wholeNumber(id.trim()))
  if (ids.every((id) => id < 2 ** 31)) return Int32Array.from(ids)
  throw new InvalidArgumentError('Expected token ids below 2^31.')
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }

/** Bytes such as `50MB`. */
export function byteSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMG]?B?)$/i.exec(text) ?? []
  const size = Number(number) * (units[unit?.toUpperCase() ?? ''] ?? NaN)
  if (size >= 1) return Math.floor(size)
  throw new InvalidArgumentError('Expected a size such as 50MB or 2GB.')
}
