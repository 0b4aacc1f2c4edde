/** The pointer to a member of what `pointer` points to [RFC 6901]. */
export function pointerTo(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The keys that a pointer is made of; undefined where it is none. */
export function pointerKeys(pointer: string): string[] | undefined {
  if (!/^(?:\/(?:[^~]|~[01])*)?$/.test(pointer)) return undefined
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The member of a JSON value; undefined where there is none. */
export function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key]
}
