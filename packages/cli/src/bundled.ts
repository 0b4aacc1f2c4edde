import { fileURLToPath } from 'node:url'

/** The model that comes with the repository. */
export const bundled = fileURLToPath(new URL('../../../models/smollm2-135m-instruct-fp8', import.meta.url))
