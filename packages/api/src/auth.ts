import { InputError } from '@tramontane/core'

/** Who asks, by the value of the header Authorization; undefined where no key fits. */
export type Authenticator = (authorization: string | null) => Promise<string | undefined>

/**
 * Knows clients by their keys. The answer is the key's digest, or '' for everybody where there are no keys. Keys are kept
 * and compared as SHA-256 digests, all of them every time, so that the time taken tells nothing of a key. Throws
 * InputError for a key that no header could carry.
 */
export function authenticator(keys: readonly string[]): Authenticator {
  for (const [i, key] of keys.entries()) {
    if (/^[\x21-\x7e]+$/.test(key)) continue
    throw new InputError(`API key ${i + 1} of ${keys.length}: expected printable ASCII characters without spaces`)
  }
  if (keys.length === 0) return async () => ''
  const known = Promise.all(keys.map(digest))
  return async (authorization) => {
    const given = await digest(/^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1] ?? '')
    const fitting = (await known).filter((key) => equal(key, given))
    return fitting.length > 0 ? hex(given) : undefined
  }
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

/** In a time that depends on the length alone. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.reduce((difference, byte, i) => difference | (byte ^ b[i]), a.length ^ b.length) === 0
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
