import { fileURLToPath } from 'node:url'
import { Option } from 'commander'

/** The model that comes with the repository. */
export const bundled = fileURLToPath(new URL('../../../models/smollm2-135m-instruct-fp8', import.meta.url))

/** `--model`, of commands that have a model without being told. */
export function modelOption(): Option {
  return new Option('--model <dir>', 'model folder').env('TRAMONTANE_MODEL').default(bundled, 'the bundled SmolLM2')
}
