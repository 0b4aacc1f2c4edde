import { readFile } from 'node:fs/promises'
import { InputError } from '@tramontane/core'

export interface KeySources {
  /** From the command line, where every user of the machine can read them. */
  readonly given: readonly string[]
  /** Separated by commas; undefined where the variable is not set. */
  readonly variable: string | undefined
  /** One a line; empty lines and those that begin with # do not count. */
  readonly file: string | undefined
}

/**
 * The keys from everywhere. Throws InputError where a source that was named holds none: a server that was meant to be
 * locked must not be open.
 */
export async function apiKeys({ given, variable, file }: KeySources): Promise<readonly string[]> {
  const fromVariable = variable === undefined ? [] : named('TRAMONTANE_API_KEYS', variable.split(','))
  const fromFile = file === undefined ? [] : named(file, (await contents(file)).split('\n'))
  return [...new Set([...given, ...fromVariable, ...fromFile])]
}

function named(source: string, texts: readonly string[]): readonly string[] {
  const keys = texts.map((text) => text.trim()).filter((text) => text !== '' && !text.startsWith('#'))
  if (keys.length > 0) return keys
  throw new InputError(`${source}: expected at least one API key, found none`)
}

async function contents(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: expected a file of API keys, found ${error.code ?? error.message}`)
  })
}
