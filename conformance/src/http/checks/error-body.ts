import type { Reply } from '../client.ts'
import type { Found } from '../found.ts'

/** What an error may not show: where the program lies, what it is made of, where it was in itself. */
const secrets = [
  /\bat [^\n]*:\d+:\d+/,
  /Traceback|File "[^"]+", line \d+/,
  /node_modules|file:\/\/|\.(?:ts|js|py|rs|cpp)\b:?\d*/,
  /(?:^|[\s"'(])(?:\/home|\/usr|\/root|\/opt|\/tmp|\/var|\/app|\/work|[A-Z]:\\)[/\\]?/,
  /0x[0-9a-f]{6,}/i,
  /panicked at|std::|NoneType/,
]

/** Throws CheckFailure unless the reply is an error in OpenAI's shape that shows nothing of the server's inside. */
export function mustBeError(reply: Reply): Reply {
  const type = reply.headers.get('content-type') ?? ''
  const body = reply.json()
  body.must(type.startsWith('application/json'), `the content type application/json (it is ${type || 'missing'})`)
  mustBeErrorBody(body)
  return reply
}

export function mustBeErrorBody(body: Found): void {
  const message = body.get('error.message')
  message.must(message.string().trim() !== '', 'words')
  const type = body.get('error.type')
  type.must(type.string() !== '', 'a class of errors')
  for (const name of ['param', 'code']) {
    const field = body.get(`error.${name}`)
    field.must(field.value === null || typeof field.value === 'string', 'a string or null')
  }
  // As it stood: what is quoted from the request was chosen by the check, which asks for nothing of the kind.
  const text = message.string()
  message.must(!secrets.some((secret) => secret.test(text)), 'nothing of the inside of the server')
}

/** Throws CheckFailure unless the request is refused with an error that has the name in it. */
export function mustRefuseByName(reply: Reply, name: string): void {
  const error = mustBeError(reply.mustBe(400, 422)).json().get('error')
  error.must(JSON.stringify(error.value).includes(name), `${name} to be named`)
}
