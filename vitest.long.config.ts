import { defineConfig } from 'vitest/config'
import short from './vitest.config.ts'

// What takes minutes.
export default defineConfig({
  ...short,
  test: { include: ['packages/*/src/**/*.long.test.ts', 'conformance/src/**/*.long.test.ts'], testTimeout: 1_800_000 },
})
