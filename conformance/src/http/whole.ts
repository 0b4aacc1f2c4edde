/** Whether no half of a surrogate pair stands alone: only then does a text have a form in UTF-8. */
export function isWhole(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
