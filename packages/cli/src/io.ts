import type { Readable, Writable } from 'node:stream'

/** Where a command reads and writes; `process` is one. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** Ends the command early. */
  readonly signal?: AbortSignal
}

/** Writes and waits until there is room for more. */
export async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await new Promise((resolve) => stream.once('drain', resolve))
}
