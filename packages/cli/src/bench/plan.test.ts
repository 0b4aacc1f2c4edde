import { expect, it } from 'vitest'
import { casesOf, caseName, fullPlan } from './plan.ts'

const names = (context: number, plan = fullPlan) => casesOf(plan, context).cases.map(caseName)

it('orders cases by the past that they need', () => {
  expect(names(8192)).toEqual([
    'generate 128 at 0',
    'generate 128 at 0, batch 8',
    'prompt 512',
    'prompt 4,096',
    'generate 128 at 4,096',
    'generate 128 at 8,064',
  ])
  expect(casesOf(fullPlan, 8192).notes).toEqual([])
})

it('clips what is beyond the context, once, and says so', () => {
  const { cases, notes } = casesOf(fullPlan, 1000)
  expect(cases.map(caseName)).toEqual([
    'generate 128 at 0',
    'generate 128 at 0, batch 8',
    'prompt 512',
    'generate 128 at 872',
    'prompt 1,000',
  ])
  expect(notes).toEqual([
    'prompt 4096 is beyond the context of 1000 tokens: measured at 1000',
    'depth 4096 is beyond the context of 1000 tokens: measured at 872',
  ])
})

it('generates no more than the context holds', () => {
  const { cases, notes } = casesOf(fullPlan, 64)
  expect(cases).toEqual([
    { kind: 'generate', tokens: 64, depth: 0 },
    { kind: 'generate', tokens: 64, depth: 0, batch: 8 },
    { kind: 'prompt', tokens: 64, depth: 0 },
  ])
  expect(notes).toHaveLength(4)
})

it('measures batches at the least depth alone; one sequence is no batch', () => {
  const plan = { ...fullPlan, prompts: [], depths: [256, 32], batches: [1, 2, 16, 2] }
  expect(names(8192, plan)).toEqual([
    'generate 128 at 32',
    'generate 128 at 32, batch 2',
    'generate 128 at 32, batch 16',
    'generate 128 at 256',
  ])
})
