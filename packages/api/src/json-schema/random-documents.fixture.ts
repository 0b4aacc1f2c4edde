import { names, type Schema } from './random-schemas.fixture.ts'

type Keywords = Readonly<Record<string, unknown>>

const texts = ['', 'a', 'aaa', 'ab', 'abab', 'x', 'xyz', 'yzyz', '0', 'a1', 'é', 'bé🙂', 'x y', '"\\\n']
const formatted: Readonly<Record<string, readonly string[]>> = {
  date: ['2024-02-29', '1999-12-31', '2023-02-29', '2024-13-01'],
  ipv4: ['127.0.0.1', '255.255.255.255', '256.0.0.1', '1.2.3'],
  uuid: ['123e4567-e89b-12d3-a456-426614174000', '123E4567-e89b-12d3-a456-42661417400g'],
}

/** Documents that follow a schema as far as a simple reading of it goes: many are valid. */
export class Documents {
  readonly #root: Schema
  #seed: number

  constructor(root: Schema, seed: number) {
    this.#root = root
    this.#seed = (seed % 2147483646) + 1
  }

  /** Properties come in the order of `names`, then `z`. */
  one(schema = this.#root, depth = 0): unknown {
    if (this.#below(20) === 0 || depth > 6) return this.#pick([null, 1, 'a', [], {}, true, -3])
    const keywords = this.#flat(schema)
    if ('const' in keywords) return keywords['const']
    if (Array.isArray(keywords['enum'])) return this.#pick(keywords['enum'] as unknown[])
    const type = Array.isArray(keywords['type'])
      ? this.#pick(keywords['type'] as string[])
      : (keywords['type'] ?? this.#pick(['string', 'integer', 'object', 'array', 'null']))
    switch (type) {
      case 'string':
        return this.#string(keywords)
      case 'number':
      case 'integer':
        return this.#number(keywords, type === 'integer')
      case 'array':
        return this.#array(keywords, depth)
      case 'object':
        return this.#object(keywords, depth)
      case 'boolean':
        return this.#below(2) === 0
      default:
        return null
    }
  }

  /** Park and Miller. */
  #below(count: number): number {
    this.#seed = (this.#seed * 48271) % 2147483647
    return this.#seed % count
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!
  }

  /** Its keywords and those of what it refers to; of alternatives one. */
  #flat(schema: Schema, depth = 0): Keywords {
    if (typeof schema === 'boolean' || depth > 8) return {}
    const { $ref, allOf = [], anyOf, oneOf, then, else: other, ...own } = schema as Record<string, Schema & Schema[]>
    const more: Schema[] = [...(allOf as Schema[])]
    if ($ref !== undefined) more.push(this.#resolve(String($ref)))
    for (const options of [anyOf, oneOf]) if (options !== undefined) more.push(this.#pick<Schema>(options))
    if (then !== undefined && other !== undefined) more.push(...(this.#below(2) === 0 ? [then, own['if']!] : [other]))
    return more.map((one) => this.#flat(one, depth + 1)).reduce(merged, own)
  }

  #resolve($ref: string): Schema {
    const { $defs } = this.#root as { $defs: Record<string, Schema> }
    return $ref === '#' ? this.#root : $defs[$ref.slice('#/$defs/'.length)]!
  }

  #string({ format, pattern = '', minLength = 0, maxLength = Infinity }: Keywords): string {
    const candidates = typeof format === 'string' ? formatted[format]! : texts
    const fits = (text: string): boolean =>
      new RegExp(String(pattern), 'u').test(text) &&
      [...text].length >= Number(minLength) &&
      [...text].length <= Number(maxLength)
    const fitting = candidates.filter(fits)
    return this.#pick(fitting.length > 0 && this.#below(8) > 0 ? fitting : candidates)
  }

  #number({ minimum = -9, maximum = 12, multipleOf = 0.25 }: Keywords, isInteger: boolean): number {
    const step = isInteger ? Math.max(1, Number(multipleOf)) : Number(multipleOf)
    const [least, most] = [Math.ceil(Number(minimum) / step), Math.floor(Number(maximum) / step)]
    return (least + this.#below(Math.max(1, most - least + 1))) * step + (this.#below(12) === 0 ? 0.5 : 0)
  }

  #array(
    { items = {}, prefixItems = [], minItems = 0, maxItems = 9, contains, uniqueItems }: Keywords,
    depth: number,
  ): unknown[] {
    const length = Math.min(Number(minItems) + this.#below(3), Math.max(Number(maxItems), this.#below(4)))
    const schemas = Array.from({ length }, (_, i) => ((prefixItems as Schema[])[i] ?? items) as Schema)
    if (contains !== undefined && length > 0) schemas[this.#below(length)] = contains as Schema
    const found = schemas.map((schema) => this.one(schema, depth + 1))
    return uniqueItems && this.#below(6) > 0 ? [...new Set(found)] : found
  }

  #object(keywords: Keywords, depth: number): Record<string, unknown> {
    const { properties = {}, required = [], additionalProperties = true, patternProperties = {} } = keywords
    const declared = properties as Record<string, Schema>
    const isWanted = (name: string): boolean =>
      (required as string[]).includes(name) ||
      (name in declared ? this.#below(2) : this.#below(additionalProperties === false ? 12 : 4)) === 0
    const schemaOf = (name: string): Schema => {
      const matching = Object.entries(patternProperties as Record<string, Schema>).filter(([pattern]) =>
        new RegExp(pattern).test(name),
      )
      return declared[name] ?? matching[0]?.[1] ?? (additionalProperties as Schema)
    }
    const chosen = [...names, 'x', 'z'].filter(isWanted)
    return Object.fromEntries(chosen.map((name) => [name, this.one(schemaOf(name), depth + 1)]))
  }
}

/** Both in one; properties of both, the others' keywords of the second. */
function merged(a: Keywords, b: Keywords): Keywords {
  const both = (name: string, of: object): object => ({
    ...of,
    ...(a[name] as object | undefined),
    ...(b[name] as object | undefined),
  })
  const list = [...((a['required'] as string[] | undefined) ?? []), ...((b['required'] as string[] | undefined) ?? [])]
  return { ...a, ...b, properties: both('properties', {}), required: list }
}
