import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

// Tests that need what npm alone does not give: see scripts/interop.js.
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ['packages/*/src/**/*.interop.test.ts'] } }),
)
