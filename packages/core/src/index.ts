export { activations, type Activation } from './activation-names.ts'
export type {
  Backend,
  Candidates,
  Choose,
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
export { capture, matchActivations, type CaptureOptions } from './capture.ts'
export { blobFolder, blobSource, type ByteSource, type Folder } from './byte-source.ts'
export { openCheckpoint, type Checkpoint, type Format } from './checkpoint.ts'
export { readConfig, type Config } from './config.ts'
export { decode, decodeCode, decodeInto, decodeTable, encode, encodeCode } from './dtype.ts'
export { heldAtMost } from './engine/admission.ts'
export { engine } from './engine/engine.ts'
export type {
  Candidate,
  DrawnToken,
  Engine,
  EngineOptions,
  EngineState,
  Generation,
  GenerationEvent,
  GenerationRequest,
  TokenConstraint,
} from './engine/generation.ts'
export { InputError, QueueFullError, UnsupportedError } from './errors.ts'
export { fetchFolder, fetchSource, type FetchOptions } from './fetch-source.ts'
export type { Batch, DrawnRow, Launched, Values } from './executor.ts'
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
export { interpreter, withTokens } from './interpreter.ts'
export { mistral } from './mistral.ts'
export { NodeCaches, type NodeCache } from './node-caches.ts'
export type { Cache, Span } from './cache.ts'
export type { AttentionResult, Breathe, MaybePromise, OpTable } from './op-table.ts'
export { remote, serve, type RemoteBackend } from './remote.ts'
export { channel, moved, Moved, type Channel, type Methods, type Port } from './channel.ts'
export { reference } from './reference/index.ts'
export { angles, frequencies, type Angles, type RopeScaling } from './rope.ts'
export { openSafetensors, type Safetensors } from './safetensors.ts'
export { safetensorsBytes, writeSafetensors, type Contents } from './safetensors-writer.ts'
export type { Json } from './settings.ts'
export { inferColumns, type Columns } from './shapes.ts'
export { byteLength, byteWidth, dtypes, elements, fromBytes, isDType, tensor, toBytes } from './tensor.ts'
export type { DType, Range, Spec, Storage, Tensor } from './tensor.ts'
export { openWeights, type WeightSource } from './weights.ts'
export { chat, chatTemplate, type Chat, type ChatOptions, type Message } from './chat.ts'
export { detokenizer, type Detokenizer, type DetokenizerOptions } from './detokenizer.ts'
export { generate, type GenerateOptions } from './generate.ts'
export { loadBare, loadFolder, type BareModel, type Model } from './load.ts'
export { readParams } from './params.ts'
export { philox, uniform } from './philox.ts'
export { tokenLogprobs, type TokenLogprobs } from './logprobs.ts'
export {
  checkSampling,
  choose,
  chooseFrom,
  mostCandidates,
  sample,
  type Choice,
  type Context,
  type Sampling,
} from './sample.ts'
export { instruct } from './instruct.ts'
export type { InstructVersion } from './instruct-messages.ts'
export { loadText, type ExpectedVocabulary, type Text, type TextOptions } from './load-text.ts'
export { sentencePiece, type SentencePieceOptions } from './sentencepiece.ts'
export { tekken, type Tekken, type TekkenOptions, type TekkenVersion } from './tekken.ts'
export { template, type Template, type TemplateLimits } from './template.ts'
export { tokenizer, type Tokenizer } from './tokenizer.ts'
export { strategies, type Strategy } from './fp8-layout.ts'
export { quantize, type QuantizeOptions } from './quantize.ts'
export type { OutputFile, ShardOptions } from './shards.ts'
export { synth, type SynthOptions } from './synth.ts'
