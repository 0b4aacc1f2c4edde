import type { Capabilities } from './capabilities.ts'
import { idOf, type Check, type CheckContext } from './check.ts'
import { checks as all } from './checks/index.ts'
import { Client } from './client.ts'
import { NotApplicable } from './found.ts'

export interface JudgeOptions {
  /** The server, without a path: http://127.0.0.1:8000. */
  readonly url: string
  /** What its paths have in the place of /v1, such as /v1/openai. */
  readonly base?: string
  readonly key?: string
  /** Default: the first that GET /v1/models lists. */
  readonly model?: string
  /** What the server can do beyond answering chats; what is not said is not checked. */
  readonly capabilities?: Capabilities
  /** Default: all. */
  readonly checks?: readonly Check[]
  /** Milliseconds for one check; default 60,000. */
  readonly timeout?: number
  /** Called after each check. */
  readonly progress?: (result: Result) => void
}

export interface Result {
  /** Such as 4b. */
  readonly id: string
  readonly title: string
  /** `unsupported`: the server does not say that it can do what the check needs. Never counted as passed. */
  readonly verdict: 'pass' | 'fail' | 'unsupported'
  /** What was wrong, or what is not declared. */
  readonly message?: string
  readonly ms: number
}

export interface Report {
  readonly url: string
  readonly model: string
  readonly results: readonly Result[]
}

/** Runs the checks against a server, one after the other. None of them can hang; a server that is gone fails them. */
export async function judgeServer(options: JudgeOptions): Promise<Report> {
  const { url, base, key, capabilities = {}, checks = all, timeout = 60_000 } = options
  const client = new Client({ url, base, key })
  const model = options.model ?? (await firstModel(client.with({ signal: AbortSignal.timeout(timeout) })))
  const results: Result[] = []
  for (const check of checks) {
    const result = await judge(check, { client, model, capabilities }, timeout)
    results.push(result)
    options.progress?.(result)
  }
  return { url, model, results }
}

async function firstModel(client: Client): Promise<string> {
  return (await client.get('/v1/models')).mustBe(200).json().get('data[0].id').string()
}

async function judge(check: Check, context: CheckContext, timeout: number): Promise<Result> {
  const start = performance.now()
  const result = (verdict: Result['verdict'], message?: string): Result => ({
    id: idOf(check),
    title: check.title,
    verdict,
    ...(message !== undefined && { message }),
    ms: Math.round(performance.now() - start),
  })
  const missing = (check.requires ?? []).filter((name) => !declares(context.capabilities[name]))
  if (missing.length > 0) return result('unsupported', `not declared: ${missing.join(', ')}`)
  const error = await failureOf(check, context, timeout)
  if (error === undefined) return result('pass')
  return result(error instanceof NotApplicable ? 'unsupported' : 'fail', messageOf(error))
}

function declares(capability: unknown): boolean {
  return capability !== undefined && capability !== false && capability !== 0
}

/** What a check threw, or that it took too long; undefined when it passed. */
async function failureOf(check: Check, context: CheckContext, timeout: number): Promise<unknown> {
  const controller = new AbortController()
  const client = context.client.with({ signal: controller.signal })
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected an end within ${timeout} ms, found none`)), timeout)
  })
  try {
    await Promise.race([check.run({ ...context, client }), late])
    return undefined
  } catch (error) {
    return error ?? new Error('something without a name was thrown')
  } finally {
    clearTimeout(timer)
    controller.abort(new Error('the check is over'))
  }
}

/** fetch hides why it failed in a cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
