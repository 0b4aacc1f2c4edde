/** What a field of a request for a chat or a completion comes to here. */
export interface Parameter {
  /** `a.b` is a field of a field, `a[].b` one of every item. */
  readonly name: string
  /** The requests that have it. */
  readonly of: readonly Kind[]
  readonly state: 'supported' | 'accepted' | 'refused'
  /** Values that are taken. Of a refused field: those that ask for nothing, beside null. */
  readonly range: string
  /** What an absent field means; empty where that is nothing. */
  readonly absent: string
  /** Who has it: services and engines. */
  readonly known: string
  /** Of a refused field without a schema of its own: the values that ask for nothing, beside null. */
  readonly neutral?: readonly Neutral[]
}

export type Kind = 'chat' | 'completions'
export type Neutral = string | number | boolean | readonly []

const both: readonly Kind[] = ['chat', 'completions']
const chat: readonly Kind[] = ['chat']
const completions: readonly Kind[] = ['completions']

/** Values of fields that are absent. */
export const defaults = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  maxTokens: 512,
  n: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repetitionPenalty: 1,
} as const

/**
 * Every field that the OpenAI-compatible services and engines are known to take. Those whose state is refused are refused
 * by name; a field that is not here is ignored, or refused where the server is strict.
 */
export const parameters: readonly Parameter[] = [
  ...supported(),
  ...accepted(),
  ...refusedOf('OpenAI', completions, { tools: [[]], tool_choice: ['none'], parallel_tool_calls: [] }),
  ...refusedOf('OpenAI', both, {
    functions: [[]],
    function_call: ['none'],
    reasoning_effort: ['none'],
    verbosity: ['medium'],
    audio: [],
    prediction: [],
    web_search_options: [],
    suffix: [],
  }),
  row('refused', 'messages[].content[]', chat, 'parts of type text', '', 'OpenAI'),
  ...refusedOf('OpenAI', chat, {
    best_of: [1],
    'messages[].function_call': [],
    'messages[].audio': [],
  }),
  ...refusedOf('OpenAI', both, { 'stream_options.include_obfuscation': [false] }),
  ...refusedOf('DeepInfra', both, { reasoning: [] }),
  ...refusedOf('DeepInfra', chat, { 'messages[].reasoning_content': [''] }),
  ...refusedOf('DeepInfra, vLLM', both, { 'stream_options.continuous_usage_stats': [false], chat_template_kwargs: [] }),
  ...refusedOf('Mistral', chat, { 'messages[].prefix': [false] }),
  ...refusedOf('vLLM', chat, { echo: [false] }),
  ...refusedOf('vLLM', both, {
    min_tokens: [0],
    include_stop_str_in_output: [false],
    prompt_logprobs: [],
    allowed_token_ids: [],
    bad_words: [[]],
    add_generation_prompt: [true],
    continue_final_message: [false],
    chat_template: [],
    documents: [[]],
    return_token_ids: [false],
    return_tokens_as_token_ids: [false],
    priority: [0],
    cache_salt: [],
    use_beam_search: [false],
    length_penalty: [1],
    truncate_prompt_tokens: [],
    skip_special_tokens: [true],
    spaces_between_special_tokens: [true],
    structured_outputs: [],
    structural_tag: [],
    guided_json: [],
    guided_regex: [],
    guided_choice: [],
    guided_grammar: [],
  }),
  ...refusedOf('llama.cpp', both, {
    n_predict: [-1],
    repeat_penalty: [1],
    repeat_last_n: [],
    typical_p: [1],
    top_n_sigma: [-1],
    dynatemp_range: [0],
    dynatemp_exponent: [1],
    mirostat: [0],
    mirostat_tau: [],
    mirostat_eta: [],
    dry_multiplier: [0],
    dry_base: [],
    dry_allowed_length: [],
    dry_penalty_last_n: [],
    dry_sequence_breakers: [],
    xtc_probability: [0],
    xtc_threshold: [],
    samplers: [],
    grammar: [],
    json_schema: [],
    n_probs: [0],
    n_keep: [0],
    n_discard: [0],
    t_max_predict_ms: [0],
    return_tokens: [false],
    cache_prompt: [true],
    id_slot: [-1],
  }),
  ...refusedOf('SGLang', both, { regex: [], ebnf: [], stop_regex: [], no_stop_trim: [false], lora_path: [] }),
  ...refusedOf('TGI', both, { guideline: [], tool_prompt: [] }),
  ...refusedOf('web-llm', both, { extra_body: [], enable_thinking: [false] }),
]

function supported(): Parameter[] {
  const yes = (...rest: Rest) => row('supported', ...rest)
  return [
    yes('model', both, 'a name that `GET /v1/models` lists', 'required', 'all'),
    yes('messages', chat, '1…4096; roles system, developer, user, assistant, tool', 'required', 'all'),
    yes('prompt', completions, 'a string, token ids, or a list of up to 32 of either', 'required', 'all'),
    yes('stream', both, 'true, false', 'false', 'all'),
    yes('stream_options.include_usage', both, 'true, false; only with `stream`', 'false', 'OpenAI, vLLM, llama.cpp'),
    yes('max_tokens', both, '0…100000; null for the rest of the context', `${defaults.maxTokens}`, 'all'),
    yes('max_completion_tokens', both, 'as `max_tokens`, which may not differ', '', 'OpenAI, vLLM, llama.cpp, SGLang'),
    yes('temperature', both, '0…2; 0 takes the likeliest', `${defaults.temperature}`, 'all'),
    yes('top_p', both, 'above 0, up to 1', `${defaults.topP}`, 'all'),
    yes(
      'top_k',
      both,
      'an integer from −1; −1 and 0 keep all',
      `${defaults.topK}`,
      'DeepInfra, vLLM, llama.cpp, SGLang, TGI',
    ),
    yes('min_p', both, '0…1', `${defaults.minP}`, 'DeepInfra, vLLM, llama.cpp, SGLang'),
    yes('seed', both, 'an integer, at most 2⁵³ − 1 in size', 'random', 'all'),
    yes('n', both, '1…16, also with `stream`', `${defaults.n}`, 'OpenAI, DeepInfra, vLLM, SGLang'),
    yes('best_of', completions, 'the same as `n`', '', 'OpenAI'),
    yes('stop', both, 'a string, or up to 16, of 1…1024 characters', '', 'all'),
    yes('stop_token_ids', both, 'up to 128 token ids', '', 'DeepInfra, vLLM, SGLang'),
    yes('ignore_eos', both, 'true, false', 'false', 'vLLM, llama.cpp, SGLang'),
    yes('presence_penalty', both, '−2…2', `${defaults.presencePenalty}`, 'all'),
    yes('frequency_penalty', both, '−2…2', `${defaults.frequencyPenalty}`, 'all'),
    yes('repetition_penalty', both, '0.01…5', `${defaults.repetitionPenalty}`, 'DeepInfra, vLLM, SGLang'),
    yes('logit_bias', both, 'token ids → −100…100', '', 'OpenAI, vLLM, llama.cpp, SGLang'),
    yes(
      'response_format',
      both,
      'a `type` of text, json_object, json_schema, regex or grammar, with what it needs',
      'text',
      'OpenAI, DeepInfra, vLLM, llama.cpp, SGLang, TGI',
    ),
    yes('tools', chat, 'up to 128 functions', 'none', 'all'),
    yes('tool_choice', chat, 'none, auto, required, or a function by its name', 'auto with `tools`, else none', 'all'),
    yes('parallel_tool_calls', chat, 'true, false', 'true', 'OpenAI, vLLM, llama.cpp'),
    yes('messages[].tool_calls', chat, 'up to 128 calls, each answered by a message of role tool', '', 'all'),
    yes('messages[].tool_call_id', chat, 'of role tool: the id of a call before it', '', 'all'),
    yes('logprobs', chat, 'true, false', 'false', 'all'),
    yes('top_logprobs', chat, '0…20; above 0 only with `logprobs`', '0', 'OpenAI, vLLM, llama.cpp, SGLang'),
    yes('logprobs', completions, '0…20', 'none', 'OpenAI, DeepInfra, vLLM'),
    yes('echo', completions, 'true, false', 'false', 'OpenAI, DeepInfra, vLLM, SGLang'),
  ]
}

/** They ask for nothing that this server could do or leave undone. */
function accepted(): Parameter[] {
  const idle = (...rest: Rest) => row('accepted', ...rest)
  return [
    idle('user', both, 'a string', '', 'OpenAI, DeepInfra, and others'),
    idle('metadata', both, 'an object', '', 'OpenAI'),
    idle('service_tier', both, 'auto, default', '', 'OpenAI'),
    idle('store', both, 'false', '', 'OpenAI'),
    idle('prompt_cache_key', both, 'a string', '', 'OpenAI, DeepInfra'),
    idle('prompt_cache_retention', both, 'a string', '', 'OpenAI'),
    idle('safety_identifier', both, 'a string', '', 'OpenAI'),
    idle('modalities', chat, '`["text"]`', '', 'OpenAI'),
    idle('messages[].name', chat, 'a string', '', 'OpenAI, DeepInfra'),
    idle('messages[].refusal', chat, 'a string', '', 'OpenAI'),
    idle('messages[].cache_control', chat, 'an object, also in content parts', '', 'DeepInfra'),
  ]
}

type Rest = [name: string, of: readonly Kind[], range: string, absent: string, known: string]

function row(state: Parameter['state'], ...[name, of, range, absent, known]: Rest): Parameter {
  return { name, of, state, range, absent, known }
}

function refusedOf(
  known: string,
  of: readonly Kind[],
  names: Readonly<Record<string, readonly Neutral[]>>,
): Parameter[] {
  return Object.entries(names).map(([name, neutral]) => {
    const range = neutral.map((value) => `\`${JSON.stringify(value)}\``).join(', ')
    return { name, of, state: 'refused', range, absent: '', known, neutral }
  })
}
