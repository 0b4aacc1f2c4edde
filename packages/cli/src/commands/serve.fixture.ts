import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { bundled } from '../bundled.ts'
import { main } from '../main.ts'

/** SmolLM2's vocabulary and template around a body of a millisecond a token. */
const shape = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: 2048,
  vocab_size: 49_152,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
}

/** Writes a made-up model, called `tiny`, into a folder. → its path */
export async function writeTiny(folder: string): Promise<string> {
  const [from, to] = [join(folder, 'shape'), join(folder, 'tiny')]
  await mkdir(from)
  await writeFile(join(from, 'config.json'), JSON.stringify(shape))
  const sink = collector().stream
  const code = await main(['synth', from, to, '--seed', '1'], { stdin: new PassThrough(), stdout: sink, stderr: sink })
  if (code !== 0) throw new Error(`expected a made-up model, found exit code ${code}`)
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']) {
    await copyFile(join(bundled, name), join(to, name))
  }
  return to
}

export function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** A server in this process. */
export interface Served {
  readonly url: string
  readonly out: () => string
  readonly err: () => string
  /** Asks it to stop. → the exit code */
  stop(): Promise<number>
}

/** Starts `tramontane serve` on a free port and waits until it answers. */
export async function serving(...argv: readonly string[]): Promise<Served> {
  const [out, err, stop] = [collector(), collector(), new AbortController()]
  const io = { stdin: new PassThrough(), stdout: out.stream, stderr: err.stream, signal: stop.signal }
  const code = main(['serve', '--port', '0', ...argv], io)
  const early = code.then((code) => Promise.reject(new Error(`exit code ${code}: ${err.text()}`)))
  const ready = async (): Promise<string> => {
    for (;;) {
      const [, url] = / at (http:\S+)/.exec(out.text()) ?? []
      if (url !== undefined) return url
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const url = await Promise.race([ready(), early])
  return {
    url,
    out: out.text,
    err: err.text,
    stop() {
      stop.abort()
      return code
    },
  }
}

export function post(url: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: 'POST', body: JSON.stringify(body) }
  return fetch(`${url}${path}`, { ...init, headers: { 'content-type': 'application/json', ...headers } })
}

export const hello = { messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 4 }
