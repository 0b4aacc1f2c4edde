// Holds `tramontane serve`, in processes of its own, against the HTTP checks of conformance.
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { precisions } from '../conformance/dist/bound/index.js'
import {
  goldenRows,
  judgeServer,
  tally,
  tramontane,
  writeByteModel,
  writeGoldenModel,
} from '../conformance/dist/http/index.js'
import { served } from './served.js'

const key = 'a-key-for-tests'
const origin = 'https://page.example'

/** Writes models into a folder and judges what serves them. Throws where a check fails. */
export async function judged(folder) {
  const [bytes, golden] = [join(folder, 'bytes'), join(folder, 'golden')]
  await writeByteModel(bytes)
  await writeGoldenModel(golden)
  const expected = await goldenRows({ precision: precisions.f64 })
  const room = ['--slots', '8', '--queue', '32', '--context', '1024']
  const line = ['--backend', 'reference', '--model', bytes, '--api-key', key, '--cors', origin, ...room]
  await served(line, (url) =>
    served(['--backend', 'reference', '--model', golden, '--api-key', key], async (goldenUrl) => {
      const capabilities = {
        ...declared,
        golden: { url: goldenUrl, model: 'golden', key, expected },
        process: { start: () => another(line), grace: 40_000 },
      }
      const progress = ({ id, title, verdict, message = '' }) => {
        if (verdict !== 'pass') console.log(`${verdict} ${id} ${title}: ${message}`)
      }
      const { pass, fail, unsupported } = tally(await judgeServer({ url, key, capabilities, progress }))
      console.log(`${pass} passed, ${fail} failed, ${unsupported} not declared`)
      if (fail > 0) throw new Error('the server is not what the checks expect')
    }),
  )
}

const ajv = formats.default(new Ajv2020({ strict: false, logger: false }))

/** What it says of itself here; that it fails or dawdles at will it does not. */
const declared = {
  ...tramontane,
  validator: (schema) => ajv.compile(schema),
  cors: [origin],
  end: { token: 2, counted: true },
  context: 1024,
  controlTokens: ['<|im_start|>', '<|im_end|>'],
  openRoutes: ['/health'],
  capacity: { slots: 8, queue: 32, long: { max_tokens: 900, ignore_eos: true } },
}

/** A server that is told to end by the judge. */
async function another(line) {
  let [up, terminate] = []
  const url = new Promise((resolve) => (up = resolve))
  const told = new Promise((resolve) => (terminate = resolve))
  const exited = served(line, async (url) => (up(url), await told)).then(
    () => 0,
    () => 1,
  )
  return { url: await url, terminate, exited }
}
