/** What may be missing of a string, of a word or a number, and of a member of an object. */
const ofString = ['"', 'n"', '0000"', '000"', '00"', '0"']
const ofValue = ['', '0', 'rue', 'ue', 'e', 'alse', 'lse', 'se', 'ull', 'll', 'l', '.0']
const ofMember = [':0', '"":0']

/**
 * Whether something can be written behind a text that makes JSON of it, as of an answer that was cut off. JSON.parse says so: of
 * the few endings that there can be, one has to do.
 */
export function isJsonBeginning(text: string): boolean {
  const { open, inString } = stateOf(text)
  if (open === '' && !inString && text.trim() === '') return true
  const within = inString ? ofString.flatMap((end) => [end, `${end}:0`]) : [...ofValue, ...ofMember]
  return within.some((end) => isJson(`${text}${end}${open}`))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The brackets that are still to come, and whether a string is open. */
function stateOf(text: string): { readonly open: string; readonly inString: boolean } {
  const open: string[] = []
  let inString = false
  // An escaped character ends no string, and begins none.
  for (const [token] of text.matchAll(/\\[\s\S]?|["{}[\]]/g)) {
    if (token === '"') inString = !inString
    else if (inString) continue
    else if (token === '{' || token === '[') open.push(token === '{' ? '}' : ']')
    else open.pop()
  }
  return { open: open.toReversed().join(''), inString }
}
