/**
 * What a list of unquantised modules says of one: `listed` by its whole name, `covered` by a part of it or by a pattern,
 * or nothing. Parts are beginnings and ends at a dot, as in transformers. Patterns (`re:…`, globs) come with a model from
 * anywhere and are never evaluated: each could mean any module.
 */
export function ignored(list: readonly string[], module: string): 'listed' | 'covered' | 'no' {
  if (list.includes(module)) return 'listed'
  const covers = (entry: string) =>
    !/^[\w.-]+$/.test(entry) || module.startsWith(`${entry}.`) || module.endsWith(`.${entry}`)
  return list.some(covers) ? 'covered' : 'no'
}
