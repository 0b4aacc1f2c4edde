import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/** Arrows go one way: core knows nothing of ours; conformance and the api know core alone; the cli knows everything. */
const zones = [
  { target: './packages/core', from: ['./packages/cli', './conformance'] },
  { target: './conformance', from: './packages/cli' },
].map((zone) => ({ ...zone, message: 'Imports go one way; see docs/architecture.md.' }))

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'docs/api/', '**/*.js'] },
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ conditionNames: ['tramontane-source', 'types', 'import', 'node', 'default'] }),
      ],
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-unresolved': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  {
    // Core runs in browsers: one file reads the disk, and tests may do as they like.
    files: ['packages/core/src/**/*.ts'],
    ignores: ['packages/core/src/disk.ts', '**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['node:*'] }] },
  },
)
