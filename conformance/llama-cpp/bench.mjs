// llama.cpp through node-llama-cpp on one GGUF: judged, then measured. → the document that --json prints.
import { readFileSync, statSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'
import { judge } from './judge.mjs'
import { caseName, casesOf, measure } from './measure.mjs'

/** `plan`: threads, prompt, generate, depth, batch, repetitions. `say` is told what happens. */
export async function bench(modelPath, model, plan, say) {
  // No limit on threads: node-llama-cpp would share them out, and take fewer.
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 0, logLevel: LlamaLogLevel.error })
  try {
    const loaded = await llama.loadModel({ modelPath })
    const gate = await judge(loaded, plan.threads)
    const others = watchOthers()
    const results = []
    let settings = {}
    for (const asked of casesOf(plan)) {
      say(caseName(asked))
      const { seconds, ...used } = await measure(loaded, asked, plan)
      results.push({ name: caseName(asked), asked, seconds, tokensPerSecond: spread(asked, seconds) })
      if (asked.kind === 'prompt') settings = used
    }
    const sized = { ...model, gguf: { type: 'Q8_0', bytes: statSync(modelPath).size } }
    const backend = { ...program(llama), threads: plan.threads, ...settings }
    const peak = process.resourceUsage().maxRSS * 1024
    const head = { schema: 'tramontane-llama-cpp', version: 1, date: new Date().toISOString() }
    return {
      ...head,
      environment: environment(),
      model: sized,
      plan,
      backend,
      gate,
      peak,
      othersCores: others(),
      results,
    }
  } finally {
    await llama.dispose()
  }
}

function program(llama) {
  const packed = new URL('node_modules/node-llama-cpp/package.json', import.meta.url)
  const features = [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, name]) => name)
  return {
    llamaCpp: llama.llamaCppRelease.release,
    nodeLlamaCpp: JSON.parse(readFileSync(packed, 'utf8')).version,
    build: llama.buildType,
    features,
  }
}

/** Starts to watch the processor; the result tells how many cores other programs kept busy meanwhile, on average. */
function watchOthers() {
  const busy = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  const own = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000
  const [start, all, ours] = [performance.now(), busy(), own()]
  return () => Math.max(0, (busy() - all - (own() - ours)) / (performance.now() - start))
}

function environment() {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  }
}

/** Tokens per second of all sequences together. */
function spread({ tokens, batch = 1 }, seconds) {
  const rates = seconds.map((each) => (tokens * batch) / each)
  const middle = median(rates)
  const mad = median(rates.map((rate) => Math.abs(rate - middle)))
  return { median: middle, min: Math.min(...rates), max: Math.max(...rates), mad }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
