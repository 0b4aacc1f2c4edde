import { handler, type HandlerOptions, type Serving } from '@tramontane/api'
import { listen, logger, metrics, observers, requestLog, type Listening, type LogLevel } from '@tramontane/api/node'
import { interruptible } from '../interrupt.ts'
import { write, type Io } from '../io.ts'
import { isLoopback, strangers } from './known-host.ts'
import { readyText } from './ready-text.ts'
import { keepStarted, type Delays } from './keep-started.ts'
import { loadingError, restartingError } from './loading-error.ts'
import { startModel, type ModelOptions, type StartedModel } from './start-model.ts'

export interface ServeOptions extends Omit<ModelOptions, 'announce' | 'progress' | 'signal' | 'patience'> {
  readonly host: string
  readonly port: number
  readonly keys: readonly string[]
  readonly cors: readonly string[]
  readonly price: number
  /** Bytes. */
  readonly bodyLimit: number
  readonly strict: boolean
  /** Seconds. */
  readonly grace: number
  readonly logLevel: LogLevel
  /** When a backend that has ended by itself is started again. */
  readonly delays?: Delays
}

type Log = ReturnType<typeof logger>
type State = ReturnType<HandlerOptions['serving']>

/** Milliseconds that a client may take nothing of a reply that waits for it; its slot is free afterwards. */
const patience = 60_000

/**
 * Listens at once, loads the model, and answers until a signal, also after the backend has ended by itself. Resolves when
 * everything has ended.
 */
export async function serve(io: Io, options: ServeOptions): Promise<void> {
  const log = logger({ level: options.logLevel, stream: io.stderr })
  await interruptible(io.signal, async (signal) => {
    let state: State = 'loading'
    const server = await open(options, log, () => state)
    log.info({ url: server.url }, 'listening')
    let started: StartedModel | undefined
    try {
      const progress = (loaded: number, total: number) => (state = loadingError(loaded, total))
      started = await keepStarted({
        start: () => startModel({ ...options, patience, announce: announcer(log), progress, signal }),
        started({ serving, about }, again) {
          state = serving
          if (!again) return write(io.stdout, readyText(server.url, { ...options, backend: about.name }, serving))
          log.info('the model is there again')
        },
        failed(reason, delay) {
          if (delay === undefined)
            log.fatal({ err: reason }, 'the backend has ended: no request can be answered any more')
          else log.error({ err: reason, delay }, 'the backend has ended: it is started again')
          return (state = delay === undefined ? reason : restartingError(delay))
        },
        signal,
        ...(options.delays && { delays: options.delays }),
      })
      log.info('stopping')
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await server.drain(signal.aborted ? options.grace * 1000 : 0)
      await started?.close()
    }
  })
}

function open(options: ServeOptions, log: Log, state: () => State): Promise<Listening> {
  const { host, port, keys, cors, price, strict, bodyLimit: body } = options
  const engineState = () => {
    const now = state()
    return isServing(now) ? now.engine.state() : undefined
  }
  const observer = observers(requestLog(log), metrics(engineState))
  const open = keys.length === 0
  const refuse = open && isLoopback(host) ? { refuse: strangers } : {}
  const answer = handler({ serving: state, keys, cors, price, strict, limits: { body }, observer, ...refuse })
  if (open && !isLoopback(host)) log.warn(`listening on ${host} without an API key: whoever reaches it can use it`)
  return listen({
    handler: answer,
    host,
    port,
    stall: patience,
    failed: (error) => log.error({ err: error }, 'failed'),
  })
}

function announcer(log: Log): ModelOptions['announce'] {
  return ({ name, version, why }) => {
    log.info({ ...(version !== '' && { version }), ...(why !== null && { why }) }, `backend: ${name}`)
  }
}

function isServing(state: State): state is Serving {
  return typeof state === 'object' && 'engine' in state
}
