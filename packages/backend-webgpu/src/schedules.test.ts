import { precisions } from '@tramontane/conformance/bound'
import { schedulesAgree } from '@tramontane/conformance/schedules.fixture'
import type { Backend } from '@tramontane/core'
import { beforeAll, it } from 'vitest'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

let backend: Backend
beforeAll(async () => {
  useSoftwareAdapter()
  backend = await webgpu()
})

it.each(['tiny/full', 'tiny/window', 'tiny/fp8'])(
  '%s: any schedule agrees with one pass over the whole text, within the bound',
  (name) => schedulesAgree(backend, name, precisions.webgpu, 8),
)
