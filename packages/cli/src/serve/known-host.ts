import { isIP } from 'node:net'
import { ApiError } from '@tramontane/api'

/** Whether an address is this machine's alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * Whether a Host header can be that of somebody who means this machine. A web page of a stranger can have its own name point
 * to 127.0.0.1 (DNS rebinding), and then ask like a page from here; it cannot do so under these names.
 */
export function isKnownHost(header: string | null): boolean {
  const name = /^(.*?)(?::\d+)?$/.exec(header ?? '')![1].toLowerCase()
  const address = name.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 || name === 'localhost' || /\.(localhost|local|internal)$/.test(name)
}

/** For a handler's `refuse`: of those who do not mean this machine. */
export function strangers({ headers }: Request): ApiError | undefined {
  return isKnownHost(headers.get('host')) ? undefined : refusal
}

const refusal = new ApiError(
  'this server answers to localhost and to addresses only; start it with --api-key to have it answer to other names',
  { status: 403, type: 'invalid_request_error', code: 'host_not_allowed' },
)
