export { listen, type ConnectionLimits, type ListenOptions, type Listening } from './listen.ts'
export { logger, logLevels, requestLog, type LogLevel, type LogOptions } from './log.ts'
export { metrics } from './metrics.ts'
export { observers } from './observers.ts'
