export type {
  Backend,
  Drawn,
  Feed,
  LoadOptions,
  Override,
  Pass,
  Program,
  Sequence,
  SubmitOptions,
  Usage,
} from './backend.ts'
export { run } from './backend.ts'
export { blobFolder, blobSource, type ByteSource, type Folder } from './byte-source.ts'
export { openCheckpoint, type Checkpoint } from './checkpoint.ts'
export { readConfig, type Config } from './config.ts'
export { decode, decodeCode, decodeInto, decodeTable, encode, encodeCode } from './dtype.ts'
export { InputError, UnsupportedError } from './errors.ts'
export { fetchFolder, fetchSource, type FetchOptions } from './fetch-source.ts'
export type { Overflow } from './float-format.ts'
export {
  blockSize,
  references,
  type Graph,
  type Node,
  type NodeOf,
  type Op,
  type Operation,
  type Ref,
} from './graph.ts'
export { interpreter } from './interpreter.ts'
export { mistral } from './mistral.ts'
export type { AttentionResult, Breathe, Cache, OpTable, Span } from './op-table.ts'
export { remote, serve } from './remote.ts'
export type { Port } from './channel.ts'
export { reference } from './reference/index.ts'
export { angles, frequencies, type Angles, type RopeScaling } from './rope.ts'
export { openSafetensors, type Safetensors } from './safetensors.ts'
export { safetensorsBytes, writeSafetensors } from './safetensors-writer.ts'
export { inferColumns, type Columns } from './shapes.ts'
export { byteLength, byteWidth, dtypes, elements, fromBytes, isDType, tensor, toBytes } from './tensor.ts'
export type { DType, Range, Spec, Storage, Tensor } from './tensor.ts'
export { openWeights, type WeightSource } from './weights.ts'
export { chat, chatTemplate, type Chat, type ChatOptions, type Message } from './chat.ts'
export { detokenizer, type Detokenizer } from './detokenizer.ts'
export { generate, type GenerateOptions } from './generate.ts'
export { loadBare, loadFolder, type BareModel, type Model } from './load.ts'
export { philox, uniform } from './philox.ts'
export { checkSampling, sample, type Choice, type Context, type Sampling } from './sample.ts'
export { template, type Template, type TemplateLimits } from './template.ts'
export { tokenizer, type Tokenizer } from './tokenizer.ts'
export { quantize, type OutputFile, type QuantizeOptions } from './quantize.ts'
