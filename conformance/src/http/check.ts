import type { Capabilities, Capability } from './capabilities.ts'
import type { Client } from './client.ts'

/** What a check may use. */
export interface CheckContext {
  readonly client: Client
  /** The name under which the model is asked for. */
  readonly model: string
  readonly capabilities: Capabilities
}

/** One claim about a server. */
export interface Check {
  /** In the list of docs/http-checks.md. */
  readonly number: number
  /** Where a number makes several claims: a letter. */
  readonly part?: string
  readonly title: string
  readonly requires?: readonly Capability[]
  /** Throws CheckFailure where the claim does not hold. */
  run(context: CheckContext): Promise<void>
}

/** `4`, or `4b`. */
export function idOf({ number, part = '' }: Pick<Check, 'number' | 'part'>): string {
  return `${number}${part}`
}

/** The value of a capability that the check requires. */
export function declared<K extends Capability>({ capabilities }: CheckContext, name: K): NonNullable<Capabilities[K]> {
  const value = capabilities[name]
  if (value === undefined) throw new Error(`the check uses "${name}" but does not require it`)
  return value
}
