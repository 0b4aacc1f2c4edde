import { interpreter, type Backend } from '@tramontane/core'
import type { Runtime } from './runtime.ts'
import { opTable } from './table.ts'

/** A backend that runs the whole graph on one runtime. A program frees what it has made when it is disposed. */
export function onRuntime<T>(runtime: Runtime<T>): Backend {
  return interpreter({ name: runtime.name, batchInvariant: false, open: (graph) => opTable(runtime, graph) })
}
