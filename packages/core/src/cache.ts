/** What a backend remembers of one sequence: keys and values of every attention node, by position. */
export interface Cache {
  /** Positions outside [first, length) will not be read again. */
  keep(first: number, length: number): void
  /** A second cache with the same past; nothing that either writes later may show in the other. */
  fork(): Cache
  /** Lets everything go. */
  close(): void
}

/** The rows `[from, to)` of a pass that belong to one sequence, whose first one stands at position `start`. */
export interface Span<C> {
  readonly cache: C
  readonly start: number
  readonly from: number
  readonly to: number
}
