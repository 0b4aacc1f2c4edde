import { Ajv, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const options = { strict: false, allErrors: false }
const [old, current] = [new Ajv(options), new Ajv2020(options)]
for (const ajv of [old, current]) addFormats.default(ajv)

/** What ajv, which others wrote, makes of a schema. Throws where it is none. */
export function ajvOf(schema: object | boolean): ValidateFunction {
  const isOld = typeof schema === 'object' && '$schema' in schema && String(schema.$schema).includes('draft-07')
  return (isOld ? old : current).compile(schema)
}
