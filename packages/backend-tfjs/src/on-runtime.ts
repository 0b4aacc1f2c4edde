import { interpreter, type Backend } from '@tramontane/core'
import type { Runtime } from './runtime.ts'
import { opTable } from './table.ts'

/** The whole graph on one runtime. */
export function onRuntime<T>(runtime: Runtime<T>): Backend {
  return interpreter({ name: runtime.name, batchInvariant: false, open: (graph) => opTable(runtime, graph) })
}
