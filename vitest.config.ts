import { defineConfig } from 'vitest/config'

// Packages resolve to their TypeScript sources, so that no test sees a stale build.
const conditions = ['tramontane-source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'conformance/src/**/*.test.ts', 'docs/examples/*.test.ts'],
    // Those run by `npm run test:long` and by `npm run test:interop`.
    exclude: ['**/*.long.test.ts', '**/*.interop.test.ts'],
    testTimeout: 60_000,
    // By default one less than there are processors: on two, one of them idles.
    maxWorkers: 2,
  },
})
