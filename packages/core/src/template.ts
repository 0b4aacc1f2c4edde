import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { InputError } from './errors.ts'

/** How far a template may go. */
export interface TemplateLimits {
  /** Milliseconds. */
  readonly time: number
  /** UTF-16 units of any string, elements of any list or range. */
  readonly size: number
}

const defaultLimits: TemplateLimits = { time: 1000, size: 4 * 2 ** 20 }

export type Template = (variables: Readonly<Record<string, unknown>>) => string

/**
 * Compiles a Jinja template. Rendering throws InputError when the template raises, loops for too long or builds too
 * much; it never hangs.
 */
export function template(source: string, name: string, limits: TemplateLimits = defaultLimits): Template {
  const program = attempt(name, () => parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })))
  return (variables) =>
    attempt(name, () => {
      const environment = new Environment()
      for (const [key, value] of Object.entries({ ...globals(limits), ...variables })) environment.set(key, value)
      const result = new LimitedInterpreter(environment, limits).run(program)
      return String(result.value)
    })
}

function attempt<T>(name: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw new InputError(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function globals({ size }: TemplateLimits): Record<string, unknown> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    raise_exception: (message: unknown) => {
      throw new Error(String(message))
    },
    range: (start: number, stop?: number, step?: number) =>
      range(stop === undefined ? 0 : start, stop ?? start, step ?? 1, size),
  }
}

function range(start: number, stop: number, step: number, size: number): number[] {
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (!(length <= size)) throw new Error(`range() of ${length} elements exceeds the limit of ${size}`)
  return Array.from({ length }, (_, i) => start + i * step)
}

interface Value {
  readonly type: string
  readonly value: unknown
}

interface Filter {
  readonly callee?: { readonly value: string }
}

/** Filters whose result can be as long as what they are given times their argument. */
const multiplying: ReadonlySet<string | undefined> = new Set(['indent', 'join', 'replace', 'tojson'])

/** The part of the library's interpreter that is used here; its own declarations do not resolve under Node's rules. */
interface TreeWalker {
  run(program: unknown): { readonly value: unknown }
  evaluate(statement: unknown, environment: unknown): Value
  applyFilter(operand: Value, filter: Filter, environment: unknown): Value
  evaluateArguments(args: unknown, environment: unknown): [Value[], Map<string, Value>]
}
const JinjaInterpreter = Interpreter as unknown as new (environment: unknown) => TreeWalker

/** Every statement and expression goes through `evaluate`: the place to watch the clock and the size of results. */
class LimitedInterpreter extends JinjaInterpreter {
  readonly #limits: TemplateLimits
  readonly #deadline: number
  readonly #weights = new WeakMap<object, number>()
  #work = 0
  /** Size of what a multiplying filter is given, until its arguments are known. */
  #operand = 0

  constructor(environment: unknown, limits: TemplateLimits) {
    super(environment)
    this.#limits = limits
    this.#deadline = performance.now() + limits.time
  }

  override evaluate(statement: unknown, environment: unknown): Value {
    if (performance.now() > this.#deadline) throw new Error(`the template ran for more than ${this.#limits.time} ms`)
    const result = super.evaluate(statement, environment)
    const { value } = result
    const size = typeof value === 'string' || Array.isArray(value) ? value.length : 0
    this.#work += size
    if (size > this.#limits.size || this.#work > this.#limits.size * 64) this.#refuse()
    this.#weigh(result, this.#limits.size * 4)
    return result
  }

  override applyFilter(operand: Value, filter: Filter, environment: unknown): Value {
    this.#operand = multiplying.has(filter.callee?.value) ? this.#weigh(operand, Infinity) : 0
    return super.applyFilter(operand, filter, environment)
  }

  override evaluateArguments(args: unknown, environment: unknown): [Value[], Map<string, Value>] {
    const operand = this.#operand
    this.#operand = 0
    const found = super.evaluateArguments(args, environment)
    for (const { value } of [...found[0], ...found[1].values()]) {
      const factor = typeof value === 'string' ? value.length : typeof value === 'number' ? value : 0
      if (operand * factor > this.#limits.size * 16) this.#refuse()
    }
    return found
  }

  #refuse(): never {
    throw new Error(`the template built more than ${this.#limits.size} characters or elements`)
  }

  /** Elements and characters of a value written out: a list may hold another one twice, and so on. */
  #weigh(value: Value, left: number): number {
    const known = this.#weights.get(value)
    if (known !== undefined) return known
    if (typeof value.value === 'string') return 1 + value.value.length
    const children = Array.isArray(value.value) || value.value instanceof Map ? value.value : []
    let weight = 1
    for (const child of children.values() as Iterable<Value>) {
      weight += this.#weigh(child, left - weight)
      if (weight > left) this.#refuse()
    }
    // A namespace changes, and with it what holds it; nothing else does.
    if (weight > 64 && value.type !== 'NamespaceValue') this.#weights.set(value, weight)
    return weight
  }
}
