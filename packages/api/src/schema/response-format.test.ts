import { expect, test } from 'vitest'
import { chat, completions, refusal } from './requests.fixture.ts'

test.each<[object, string | RegExp]>([
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'x' } } },
    /response_format.json_schema.schema \| missing_required_parameter \| .* is missing, expected a JSON Schema/,
  ],
  [
    { response_format: { type: 'xml' } },
    /response_format.type \| invalid_value \| .* is "xml", expected one of "text", "json_object", "json_schema"/,
  ],
  [
    { response_format: { type: 'json_object' }, stop: ['}'] },
    "stop | invalid_value | 'stop' is given with a 'response_format', whose answers end where they are complete",
  ],
  [{ response_format: { type: 'regex', regex: 'a' }, ignore_eos: true }, /ignore_eos \| invalid_value/],
  [{ response_format: { type: 'regex', regex: 'a' }, stop_token_ids: [5] }, /stop_token_ids \| invalid_value/],
])('%j is refused', (field, words) => {
  for (const parse of [chat, completions]) {
    const { param, code, message } = refusal(() => parse(field))
    expect(`${param} | ${code} | ${message}`).toMatch(words)
  }
})
