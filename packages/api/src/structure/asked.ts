import { InputError } from '@tramontane/core'
import { invalidRequestError } from '../errors.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { Budget, SchemaError } from '../json-schema/index.ts'
import { answerGrammar } from '../tools/answer-grammar.ts'
import { argumentsGrammar } from '../tools/arguments-grammar.ts'
import { checkBeginning } from '../tools/beginning.ts'
import type { Syntax } from '../tools/syntax.ts'
import type { ToolUse } from '../tools/tool.ts'
import { blamed, blaming, type Constrain, type Constraints } from './constraints.ts'
import { grammarOf, type Format } from './format.ts'

/** What a request says of its answers; null: nothing. */
export interface Asked {
  readonly format: Format | null
  readonly tools: ToolUse | null
  /** How the model writes calls. */
  readonly syntax: Syntax
}

/** What the answers have to be; null: any text. Throws ApiError 400 naming the field that is refused. */
export function asked(
  constraints: Constraints,
  { format, tools, syntax }: Asked,
  { owner, continues }: { readonly owner: string; readonly continues: boolean },
): Constrain | null {
  if (format === null && tools === null) return null
  const blame = (error: unknown) => refused(error, tools === null ? paramOf(format!) : 'tools')
  // By owner: nobody can tell by the time it takes what others have asked.
  const key = JSON.stringify([owner, format, tools, syntax.kind])
  const grammar = () => (tools === null ? formatGrammar(format!) : toolsGrammar(tools, syntax, format))
  return blaming(
    blamed(blame, () => constraints.of(key, grammar, { continues })),
    blame,
  )
}

function toolsGrammar(use: ToolUse, syntax: Syntax, format: Format | null): Grammar {
  const words = format && formatGrammar(format)
  if (format && words && use.choice === 'auto' && syntax.kind === 'prompted') {
    blamed(
      (error) => refused(error, paramOf(format)),
      () => checkBeginning(words),
    )
  }
  // Of all tools together.
  const budget = new Budget(2)
  const argumentsOf = (tool: ToolUse['tools'][number]): Grammar => {
    const param = `tools[${use.tools.indexOf(tool)}].function.parameters`
    return blamed(
      (error) => refused(error, param),
      () => argumentsGrammar(tool, budget),
    )
  }
  return answerGrammar({ use, syntax, format: words, argumentsOf })
}

function formatGrammar(format: Format): Grammar {
  return blamed(
    (error) => refused(error, paramOf(format)),
    () => grammarOf(format),
  )
}

function paramOf(format: Format): string {
  return `response_format.${format.type === 'json_schema' ? 'json_schema.schema' : format.type}`
}

/** An InputError as what the client reads of it. */
function refused(error: unknown, param: string): unknown {
  if (!(error instanceof InputError)) return error
  const isUnsupported = error instanceof SchemaError && error.kind === 'unsupported'
  return invalidRequestError(
    `'${param}': ${error.message}`,
    param,
    isUnsupported ? 'unsupported_value' : 'invalid_value',
  )
}
