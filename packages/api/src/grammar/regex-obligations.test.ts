import { expect, test } from 'vitest'
import { LimitError, Work } from './limit.ts'
import { Obligations } from './regex-obligations.ts'

/** Neither kept nor broken by any symbol. */
const open = { width: 1, next: Int32Array.of(0), final: Uint8Array.of(0) }

function promised(count: number, steps: number): number {
  const obligations = new Obligations(new Work({ states: 1000, steps }))
  let set = 0
  for (let i = 0; i < count; i++) set = obligations.with(set, obligations.add(open))
  return set
}

test('small sets of promises cost nothing, large ones what they are large', () => {
  expect(promised(4, 0)).toBe(4)
  expect(promised(20, 1000)).toBe(20)
  expect(() => promised(20, 500)).toThrow(LimitError)
})
