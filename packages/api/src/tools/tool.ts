/** A function that a model may ask its caller to call. */
export interface Tool {
  /** 1 to 64 of a-z, A-Z, 0-9, _ and -. */
  readonly name: string
  readonly description?: string
  /** JSON Schema of its arguments, which are an object; absent: none. */
  readonly parameters?: object
}

/** `auto`: the model chooses between text and calls. An object: this function alone, once. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string }

/** The tools of a request, and how they are to be used. */
export interface ToolUse {
  /** At least one; names differ. */
  readonly tools: readonly Tool[]
  readonly choice: ToolChoice
  /** More than one call is allowed. */
  readonly parallel: boolean
}

/** A call that the model made, or that a conversation says it made. */
export interface Call {
  readonly id: string
  readonly name: string
  /** A JSON object, as it was written. */
  readonly arguments: string
}

/** As templates and models know it: OpenAI's form. */
export function toolObject({ name, description, parameters }: Tool): object {
  const known = { name, ...(description !== undefined && { description }), ...(parameters && { parameters }) }
  return { type: 'function', function: known }
}

/** What absent parameters mean. */
export const noParameters = { type: 'object', properties: {}, additionalProperties: false }

/** Calls are possible in the answer. */
export function mayCall(use: ToolUse | null): use is ToolUse {
  return use !== null && use.choice !== 'none'
}

/** The answer is calls alone. */
export function mustCall(use: ToolUse | null): use is ToolUse {
  return mayCall(use) && use.choice !== 'auto'
}
