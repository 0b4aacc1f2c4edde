import { defineConfig } from 'vitest/config'
import short from './vitest.config.ts'

// What needs more than npm alone gives: see scripts/interop.js.
export default defineConfig({
  ...short,
  test: { include: ['packages/*/src/**/*.interop.test.ts'], testTimeout: 60_000 },
})
