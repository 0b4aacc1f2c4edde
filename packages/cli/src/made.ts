import type { Backend } from '@tramontane/core'

/** What is said of a backend; plain data, so that it can cross to another thread. */
export interface About {
  readonly name: string
  /** Of what computes underneath: TensorFlow.js, and TensorFlow where it is that; Dawn and its adapter; empty for the reference. */
  readonly version: string
  /** Why it is this one, for people; null for the reference that was asked for. */
  readonly why: string | null
  /** What `held` knows its memory as, where that is not the name. */
  readonly holds?: string
}

export interface Made {
  readonly backend: Backend
  readonly about: About
  /** Gives back what would stay though nobody computes with it any more. A thread must not end before this has resolved. */
  end?(): Promise<void>
}
