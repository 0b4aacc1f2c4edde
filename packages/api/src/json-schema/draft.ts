/** The drafts of JSON Schema that mean different things by the same words; 3 is read as 4. */
export type Draft = 4 | 6 | 7 | 2019 | 2020

/** What is named by `$schema`; undefined where nobody says, or nobody knows what it means. */
export function draftOf(name: unknown): Draft | undefined {
  if (typeof name !== 'string') return undefined
  const found = /^https?:\/\/json-schema\.org\/(?:draft-0([3467])|draft\/(2019|2020)-\d\d)\/schema#?$/.exec(name)
  if (!found) return undefined
  if (found[2] !== undefined) return found[2] === '2019' ? 2019 : 2020
  return found[1] === '6' ? 6 : found[1] === '7' ? 7 : 4
}
