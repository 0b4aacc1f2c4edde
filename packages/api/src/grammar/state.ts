import type { CountedNode, Node, SetNode } from './program.ts'

/** Where to go on when a routine returns. */
export type Frame = { readonly kind: 'go on'; readonly node: Node } | CountedFrame

export interface CountedFrame {
  readonly kind: 'counted'
  readonly node: CountedNode
  /** How many times its part has begun; at least once. */
  readonly count: number
}

/** Frames that are never changed. Made by `push` alone, so that equal stacks are one object. */
export class Stack {
  /** Undefined at the bottom, where a text is complete. */
  readonly frame: Frame | undefined
  readonly below: Stack | undefined
  readonly id: number
  readonly depth: number
  /** What has been made of this stack goes when the stack goes. Most stacks are never asked for all three. */
  pushed?: Map<number, Stack>
  states?: Map<number, State>
  closures?: Map<Node, State | null>
  /** What `horizon` made of it. */
  horizon?: { readonly bytes: number; readonly stack: Stack }

  constructor(id: number, frame?: Frame, below?: Stack) {
    this.id = id
    this.frame = frame
    this.below = below
    this.depth = below ? below.depth + 1 : 0
  }
}

/** One of the ways in which a grammar can have read a text: where it stands, and what is to follow. */
export interface Configuration {
  readonly id: number
  readonly node: SetNode
  /** Of the node's automaton. */
  readonly at: number
  readonly stack: Stack
}

/** All the ways in which a grammar can have read a text. Never changed but for what is known of it; equal ones are one object. */
export class State {
  /** Ascending ids. */
  readonly configurations: readonly Configuration[]
  /** The text may end here. */
  readonly accepting: boolean
  /** Where bytes lead, as far as anybody asked. */
  readonly next: Map<number, State | null>
  /** Bytes lead elsewhere than the configurations say. */
  readonly overruled: boolean

  constructor(
    configurations: readonly Configuration[],
    accepting: boolean,
    overruled = new Map<number, State | null>(),
  ) {
    this.configurations = configurations
    this.accepting = accepting
    this.next = overruled
    this.overruled = overruled.size > 0
  }
}
