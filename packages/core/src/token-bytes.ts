import { InputError, UnsupportedError } from './errors.ts'

interface Decoder {
  readonly type?: string
  readonly decoders?: readonly Decoder[]
}

/** The bytes of every token by id (empty for added tokens), and whether a text's first space is to be dropped. */
export function tokenBytes(
  vocabulary: Readonly<Record<string, number>>,
  added: readonly { readonly id: number }[],
  decoder: Decoder | null | undefined,
  name: string,
): { bytes: Uint8Array[]; stripsLeadingSpace: boolean } {
  const kinds = new Set(
    decoder?.type === 'Sequence' ? (decoder.decoders ?? []).map(({ type }) => type) : [decoder?.type],
  )
  const byteLevel = kinds.has('ByteLevel')
  if (!byteLevel && !kinds.has('ByteFallback')) {
    throw new UnsupportedError(
      `${name}: decoder is ${JSON.stringify(decoder ?? null)}, expected ByteLevel or ByteFallback`,
    )
  }
  const bytesOf = byteLevel ? byteLevelBytes() : sentencePieceBytes
  const bytes: Uint8Array[] = []
  const limit = 2 * (Object.keys(vocabulary).length + added.length) + 65536
  const set = (id: number, token: Uint8Array): void => {
    if (!(Number.isSafeInteger(id) && id >= 0 && id < limit)) {
      throw new InputError(`${name}: token id ${String(id)}, expected an integer below ${limit}`)
    }
    bytes[id] = token
  }
  for (const [token, id] of Object.entries(vocabulary)) set(id, bytesOf(token))
  for (const { id } of added) set(id, new Uint8Array(0))
  return { bytes, stripsLeadingSpace: kinds.has('Strip') }
}

/** ▁ is a space, <0xXX> is a byte, anything else is itself. */
function sentencePieceBytes(token: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)
  return byte ? Uint8Array.of(parseInt(byte[1], 16)) : new TextEncoder().encode(token.replaceAll('▁', ' '))
}

/** GPT-2's alphabet: printable Latin-1 stands for itself, the other 68 bytes for U+0100 onwards. */
function byteLevelBytes(): (token: string) => Uint8Array {
  const byteOf = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    byteOf.set(String.fromCharCode(printable ? byte : next++), byte)
  }
  // A token that is not written in this alphabet is plain text, as in Hugging Face's decoder.
  return (token) => {
    const bytes = Array.from(token, (character) => byteOf.get(character))
    return bytes.includes(undefined) ? new TextEncoder().encode(token) : Uint8Array.from(bytes as number[])
  }
}
