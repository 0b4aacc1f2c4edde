import { reference, remote, serve, type Backend, type Port } from '@tramontane/core'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { backendCases } from './backend-cases.ts'
import { precisions } from './bound/index.ts'

/** The reference at the other end of a channel, with everything that crosses copied as between threads. */
let backend: Backend & { close(): void }

beforeAll(async () => {
  const { port1, port2 } = new MessageChannel()
  serve(port2 as unknown as Port, reference())
  backend = await remote(port1 as unknown as Port)
})
afterAll(() => backend.close())

describe('a remote reference passes the shared cases', () => {
  it.each(backendCases)('$name [$clause]', ({ run }) => run({ backend, precision: precisions.f64 }))
})
