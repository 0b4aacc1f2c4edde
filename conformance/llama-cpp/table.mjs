// The document of bench.mjs as lines for people, as `tramontane bench` prints its own.

export function table({ environment, model, date, plan, backend, gate, peak, othersCores, results }) {
  const { cpu, cores, memory, system, node } = environment
  const { llamaCpp, nodeLlamaCpp, threads, chunk, features } = backend
  const overOne = results.find(({ asked }) => asked.batch)
  const crowded = othersCores > 0.1 && threads + othersCores > cores
  return [
    `${model.name} as ${model.gguf.type}, ${mega(model.gguf.bytes)}, made from sha256 ${model.weightsSha256.slice(0, 12)}…`,
    `${cpu}, ${cores} cores, ${(memory / 1e9).toFixed(1)} GB; ${system}, Node ${node}; ${date}`,
    '',
    `llama.cpp ${llamaCpp} in node-llama-cpp ${nodeLlamaCpp}: ${threads} threads, prompts in passes of ${chunk} tokens;`,
    `  ${gate.agreed} of ${gate.decidable} decidable positions agree with the goldens (${gate.positions} in all)`,
    `  ${gate.question} ${JSON.stringify(gate.answer)}`,
    `  features: ${features.join(' ')}`,
    `  peak: ${mega(peak)}, resident memory of the whole process since it began`,
    '',
    ...rows(results).map((line) => `  ${line}`),
    ...(overOne ? [`  ${overOne.name}: ${times(overOne, results)} times the tokens per second of one sequence`] : []),
    `  medians of ${plan.repetitions}, after one that does not count`,
    `  other programs kept ${othersCores.toFixed(2)} cores busy meanwhile${crowded ? ": NOT VALID, llama.cpp's threads wait for each other" : ''}`,
  ].join('\n')
}

function rows(results) {
  const cells = results.map(({ name, tokensPerSecond: { median, min, max, mad } }) => [
    name,
    digits(median),
    `${digits(min)}–${digits(max)}`,
    digits(mad),
  ])
  const all = [['', 'tok/s', 'min–max', 'MAD'], ...cells]
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)))
  return all.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  )
}

function times(batched, results) {
  const one = results.find(({ asked }) => asked.kind === 'generate' && asked.depth === 0 && !asked.batch)
  return digits(batched.tokensPerSecond.median / one.tokensPerSecond.median)
}

/** Three digits at least: `0.512`, `17.3`, `1,240`. */
function digits(value) {
  const rounded = Number(value.toPrecision(3))
  const decimals = rounded === 0 || rounded >= 100 ? 0 : Math.min(6, 2 - Math.floor(Math.log10(rounded)))
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

function mega(bytes) {
  return `${Math.round(bytes / 1e6)} MB`
}
