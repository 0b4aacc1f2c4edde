// Lets Node 20 run the TypeScript sources, for tests that need a process of their own and no stale build:
//   node -C tramontane-source --import ./scripts/typescript-loader.js FILE.ts
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import ts from 'typescript'

// The hooks below run in a thread of their own, which imports this file too.
if (isMainThread) register(import.meta.url)

const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true }

/** A hook of Node: https://nodejs.org/api/module.html#loadurl-context-nextload */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context)
  const source = await readFile(fileURLToPath(url), 'utf8')
  return { format: 'module', shortCircuit: true, source: ts.transpileModule(source, { compilerOptions }).outputText }
}
