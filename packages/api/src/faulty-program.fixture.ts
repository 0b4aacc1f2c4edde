import type { Pass, Program } from '@tramontane/core'

/** A program that runs as the one inside, until its passes are told to fail or to wait. */
export interface FaultyProgram extends Program {
  /** Makes what passes submitted from now on fail with; undefined heals it. */
  failure: (() => Error) | undefined
  /** Passes submitted from now on end after it. */
  gate: Promise<void>
}

export function faulty(program: Program): FaultyProgram {
  return {
    failure: undefined,
    gate: Promise.resolve(),
    graph: program.graph,
    open: (capacity) => program.open(capacity),
    usage: () => program.usage(),
    dispose: () => program.dispose(),
    submit(feeds, options): Pass {
      const pass = program.submit(feeds, options)
      const { failure } = this
      const done = this.gate
        .then(() => pass.done)
        .then(() => {
          if (failure !== undefined) throw failure()
        })
      done.catch(() => {})
      return {
        drawn: pass.drawn,
        done,
        candidates: (feed) => done.then(() => pass.candidates(feed)),
        read: (name, feed) => done.then(() => pass.read(name, feed)),
      }
    },
  }
}
