import type { Dfa } from './dfa.ts'
import { rowsDfa, type Row } from './rows.ts'

const most = { spaces: 32, tabs: 16 } as const
/** Behind the single space, behind \r, behind the newline; then behind each space and each tab of the indentation. */
const place = { space: 1, return: 2, newline: 3, spaces: 3, tabs: 3 + most.spaces } as const

/**
 * White space between two tokens of JSON as people write it: none, a space, or a newline and an indentation. Bounded, for a model
 * that may write white space for ever sometimes does.
 */
export const whitespace: Dfa = rowsDfa(
  place.tabs + most.tabs + 1,
  Array.from({ length: place.tabs + most.tabs + 1 }, (_, state) => state).filter((state) => state !== place.return),
  [
    [0, '  ', place.space],
    [0, '\r\r', place.return],
    [0, '\n\n', place.newline],
    [place.return, '\n\n', place.newline],
    ...Array.from({ length: most.spaces }, (_, i): Row => [place.spaces + i, '  ', place.spaces + i + 1]),
    [place.newline, '\t\t', place.tabs + 1],
    ...Array.from({ length: most.tabs - 1 }, (_, i): Row => [place.tabs + 1 + i, '\t\t', place.tabs + 2 + i]),
  ],
)
