import { backendCases } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import type { Backend } from '@tramontane/core'
import { beforeAll, describe, it } from 'vitest'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

let backend: Backend
beforeAll(async () => {
  useSoftwareAdapter()
  backend = await webgpu()
})

describe('webgpu passes the shared cases', () => {
  it.each(backendCases)('$name [$clause]', ({ run }) => run({ backend, precision: precisions.webgpu }))
})
