import { decode, run, type Feed } from '@tramontane/core'
import { logitBound } from './bound/index.ts'
import { expect, expectError, logitsBound, logitsOf, rows, tiny, withModel, type Case } from './case.ts'
import { rowError } from './goldens.ts'
import { numberCases } from './number-cases.ts'
import { opCases } from './op-cases.ts'

/** One of each kind: the chunks of every other are held against goldens in `number-cases.ts`. */
const pathModels = ['full', 'window', 'fp8', 'llama-bias'].map(tiny)

const paths: Case[] = pathModels.map((model) => ({
  name: `one path: chunks, steps and ragged batches of tiny/${model.name} agree`,
  clause: 'pass.11',
  run: (subject) =>
    withModel(subject, model, async ({ program, tokens, open, same }) => {
      const whole = await logitsOf(program, { sequence: open(), tokens, logits: 'all' })
      const [a, b] = [open(), open()]
      program.submit([{ sequence: a, tokens: tokens.subarray(0, 6), logits: 'none' }])
      const pass = program.submit([
        { sequence: b, tokens: tokens.subarray(0, 3), logits: 'all' },
        { sequence: a, tokens: tokens.subarray(6), logits: 'all' },
      ])
      same(await pass.read('logits', 0), rows(whole, 0, 3), 'feed 0')
      same(await pass.read('logits', 1), rows(whole, 6, tokens.length), 'feed 1')
      for (let t = 3; t < tokens.length; t++) {
        const step = await logitsOf(program, { sequence: b, tokens: tokens.subarray(t, t + 1), logits: 'last' })
        same(step, rows(whole, t, t + 1), `step ${t}`)
      }
    }),
}))

const behaviour: Case[] = [
  {
    name: 'logits: none, last, all and chosen rows',
    clause: 'pass.4',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, open, same }) => {
        const all = await logitsOf(program, { sequence: open(), tokens, logits: 'all' })
        const last = await logitsOf(program, { sequence: open(), tokens, logits: 'last' })
        same(last, rows(all, 12, 13), 'last')
        const chosen = await logitsOf(program, { sequence: open(), tokens, logits: Int32Array.of(7, 2) })
        same(rows(chosen, 1, 2), rows(all, 2, 3), 'second chosen row')
        const none = await logitsOf(program, { sequence: open(), tokens, logits: 'none' })
        expect(none.shape[0] === 0, `none: expected no rows, found ${none.shape[0]}`)
      }),
  },
  {
    name: 'lengths move at submit, and a drawn token feeds the next pass unread',
    clause: 'pass.10',
    run: (subject) =>
      withModel(subject, tiny('window'), async ({ program, tokens, open, noise }) => {
        const sequence = open()
        let pass = program.submit([{ sequence, tokens, logits: 'last' }], { choose: 'greedy' })
        expect(sequence.length === 13, `length: expected 13 at submit, found ${sequence.length}`)
        const drawn = [pass.drawn[0].token]
        for (let i = 0; i < 4; i++) {
          pass = program.submit([{ sequence, tokens: pass.drawn[0], logits: 'last' }], { choose: 'greedy' })
          drawn.push(pass.drawn[0].token)
        }
        const ids = await Promise.all(drawn)
        const again = await logitsOf(program, {
          sequence: open(),
          tokens: Int32Array.of(...tokens, ...ids),
          logits: 'all',
        })
        ids.forEach((id, i) => {
          const row = decode(rows(again, 12 + i, 13 + i))
          // Two right computations may choose differently where the largest two are this near [tolerance.5].
          const slack = subject.backend.batchInvariant ? 0 : 2 * logitBound(row, logitsBound(subject, noise))
          expect(
            row.length === 97 && row.every((logit) => row[id] - logit >= -slack),
            `token ${i}: ${id} is not the largest logit`,
          )
        })
      }),
  },
  {
    name: 'the likeliest tokens after each feed, and the sum over all',
    clause: 'pass.12',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, open, noise }) => {
        const feeds = [tokens, tokens.subarray(0, 5)].map(
          (fed) => ({ sequence: open(), tokens: fed, logits: 'last' }) as const,
        )
        const pass = program.submit(feeds, { choose: { topK: 40 }, outputs: [] })
        for (const [i, { tokens, logits }] of feeds.entries()) {
          const whole = await logitsOf(program, { sequence: open(), tokens, logits })
          expect(whole.shape.join() === '1,97', `feed ${i}: expected logits [1, 97], found [${whole.shape.join(', ')}]`)
          const row = decode(whole)
          const found = await pass.candidates(i)
          const slack = subject.backend.batchInvariant ? 0 : 2 * logitBound(row, logitsBound(subject, noise))
          const text = `feed ${i}: `
          expect(found.tokens.length === 40 && found.logits.length === 40, `${text}expected 40 tokens`)
          found.tokens.forEach((token, n) => {
            const error = Math.abs(found.logits[n] - row[token])
            expect(error <= slack, `${text}token ${token} has ${found.logits[n]}, expected ${row[token]}`)
            const after =
              n === 0 ||
              found.logits[n - 1] > found.logits[n] ||
              (found.logits[n - 1] === found.logits[n] && found.tokens[n - 1] < token)
            expect(after, `${text}token ${token} is out of order`)
          })
          const least = found.logits[39] + slack
          const left = row.findIndex((logit, token) => logit > least && !found.tokens.includes(token))
          expect(left < 0, `${text}token ${left} is left out`)
          const sum = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0))
          // A sum of 97 exponentials, rounded to float32 where the backend computes in it.
          const rounding = subject.backend.batchInvariant ? 1e-12 : slack + 200 * 2 ** -24
          expect(Math.abs(found.logSumExp - sum) <= rounding, `${text}the sum is ${found.logSumExp}, expected ${sum}`)
        }
      }),
  },
  {
    name: 'truncate and fork: the past is shared, the future is not',
    clause: 'pass.9',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, open, same }) => {
        const whole = await logitsOf(program, { sequence: open(), tokens, logits: 'all' })
        const first = open()
        program.submit([{ sequence: first, tokens, logits: 'none' }])
        const second = first.fork()
        first.truncate(5)
        expect(
          first.length === 5 && second.length === 13,
          `lengths: expected 5 and 13, found ${first.length} and ${second.length}`,
        )
        const other = Int32Array.of(1, 2, 3)
        const changed = await logitsOf(program, { sequence: first, tokens: other, logits: 'all' })
        const text = Int32Array.of(...tokens.subarray(0, 5), ...other)
        const anew = await logitsOf(program, { sequence: open(), tokens: text, logits: 'all' })
        same(changed, rows(anew, 5, 8), 'other tokens after going back')
        second.truncate(6)
        const rest = await logitsOf(program, { sequence: second, tokens: tokens.subarray(6), logits: 'all' })
        same(rest, rows(whole, 6, 13), 'the fork')
        first.truncate(5)
        const back = await logitsOf(program, { sequence: first, tokens: tokens.subarray(5), logits: 'all' })
        same(back, rows(whole, 5, 13), 'the original, taken back')
        await expectError('beyond the length', /truncate/, () => first.truncate(14))
      }),
  },
  {
    name: 'window: what has been let go cannot be taken back, the last pass always can',
    clause: 'pass.8',
    run: (subject) =>
      withModel(subject, tiny('window'), async ({ program, tokens, open, same }) => {
        const long = Int32Array.from({ length: 230 }, (_, i) => tokens[i % 13])
        const whole = await logitsOf(program, { sequence: open(), tokens: long, logits: 'all' })
        const sequence = open()
        for (let t = 0; t < 230; t += 10)
          program.submit([{ sequence, tokens: long.subarray(t, t + 10), logits: 'none' }])
        const { earliest } = sequence
        expect(earliest <= 220, `earliest: expected at most 220, found ${earliest}`)
        if (earliest > 0) await expectError('before earliest', /truncate/, () => sequence.truncate(earliest - 1))
        sequence.truncate(Math.max(earliest, 200))
        const from = sequence.length
        const rest = await logitsOf(program, { sequence, tokens: long.subarray(from), logits: 'all' })
        same(rest, rows(whole, from, 230), 'after going back')
      }),
  },
  {
    name: 'override: a patched activation changes what follows, and only that',
    clause: 'pass.6',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, golden, open, same, noise }) => {
        const node = 'layers.0.mlp.residual'
        const value = await golden(node)
        const feed = (): Feed => ({ sequence: open(), tokens, logits: 'all' })
        const plain = await logitsOf(program, feed())
        const back = await run(program, [feed()], { overrides: [{ node, value }] })
        expect(
          rowError(back.get('logits')!, plain) <= logitsBound(subject, noise),
          'its own value put back changes the logits',
        )
        const zero = { dtype: 'F64' as const, shape: [1, value.shape[1]], data: new Float64Array(value.shape[1]) }
        const overrides = [{ node, rows: Int32Array.of(8), value: zero }]
        const patched = await run(program, [feed()], { overrides, outputs: [node, 'logits'] })
        expect(
          decode(rows(patched.get(node)!, 8, 9)).every((x) => x === 0),
          'row 8 is not the patched one',
        )
        same(rows(patched.get('logits')!, 0, 8), rows(plain, 0, 8), 'rows before the patch')
        const after = rowError(rows(patched.get('logits')!, 8, 9), rows(plain, 8, 9))
        expect(after > 1e-3, `the patched row's logits differ by ${after} only`)
      }),
  },
  {
    name: 'a failed pass poisons its sequences alone, until they are taken back',
    clause: 'pass.7',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, open, same }) => {
        const whole = await logitsOf(program, { sequence: open(), tokens, logits: 'all' })
        const [hit, spared] = [open(), open()]
        program.submit([{ sequence: hit, tokens: tokens.subarray(0, 4), logits: 'none' }])
        const signal = AbortSignal.abort(new Error('stopped by the case'))
        const failed = program.submit([{ sequence: hit, tokens: tokens.subarray(4, 8), logits: 'last' }], { signal })
        await expectError('the aborted pass', /stopped by the case/, () => failed.read('logits'))
        await expectError('the next pass', /stopped by the case/, () =>
          logitsOf(program, { sequence: hit, tokens: tokens.subarray(8), logits: 'last' }),
        )
        const other = await logitsOf(program, { sequence: spared, tokens, logits: 'all' })
        same(other, whole, 'a sequence beside it')
        hit.truncate(4)
        const healed = await logitsOf(program, { sequence: hit, tokens: tokens.subarray(4), logits: 'all' })
        same(healed, rows(whole, 4, 13), 'after taking the failed pass back')
      }),
  },
  {
    name: 'bad feeds are refused at submit, and nothing moves',
    clause: 'pass.2',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, open }) => {
        const sequence = program.open(8)
        const submit = (...feeds: Feed[]) => program.submit(feeds)
        await expectError('no feed', /feed/, () => submit())
        await expectError('no token', /token/, () => submit({ sequence, tokens: new Int32Array(0), logits: 'last' }))
        await expectError('id too large', /97/, () =>
          submit({ sequence, tokens: Int32Array.of(1, 97), logits: 'last' }),
        )
        await expectError('id negative', /-1/, () => submit({ sequence, tokens: Int32Array.of(-1), logits: 'last' }))
        await expectError('capacity', /capacity/, () => submit({ sequence, tokens, logits: 'last' }))
        const one: Feed = { sequence, tokens: Int32Array.of(1), logits: 'last' }
        await expectError('twice', /twice/, () => submit(one, one))
        await expectError('row', /logits/, () => submit({ ...one, logits: Int32Array.of(1) }))
        await expectError('output', /nonsense/, () => program.submit([one], { outputs: ['nonsense'] }))
        const value = { dtype: 'F64' as const, shape: [1, 3], data: new Float64Array(3) }
        await expectError('override', /\[1, 3\]/, () => program.submit([one], { overrides: [{ node: 'norm', value }] }))
        expect(sequence.length === 0, `length: expected 0 after refusals, found ${sequence.length}`)
        const stranger = open()
        stranger.close()
        await expectError('closed', /closed/, () => submit({ ...one, sequence: stranger }))
      }),
  },
  {
    name: 'memory: closing sequences gives the cache back',
    clause: 'pass.3',
    run: (subject) =>
      withModel(subject, tiny('full'), async ({ program, tokens, open }) => {
        const sequence = open()
        await run(program, [{ sequence, tokens, logits: 'last' }])
        const { weights, cache } = program.usage()
        expect(weights > 0 && cache > 0, `usage: expected bytes, found weights ${weights} and cache ${cache}`)
        sequence.fork().close()
        sequence.close()
        await run(program, [{ sequence: open(), tokens: tokens.subarray(0, 1), logits: 'none' }])
        expect(program.usage().cache <= cache, `cache: expected at most ${cache} bytes, found ${program.usage().cache}`)
      }),
  },
]

/** The shared cases: every backend runs all of them. */
export const backendCases: readonly Case[] = [...numberCases, ...opCases, ...paths, ...behaviour]
