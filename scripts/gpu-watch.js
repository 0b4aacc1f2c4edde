// Looks over a GPUDevice's shoulder for scripts/gpu.js: bytes of buffers, dispatches, and what the card's clock says of them.

/** Passes of one set of timestamps, which has two of each: no set may have more. */
const most = 2048

/** @param {GPUDevice} device */
export function watchDevice(device) {
  const memory = watchMemory(device)
  const clock = watchPasses(device)
  return { ...memory, time: clock }
}

function watchMemory(device) {
  const create = device.createBuffer.bind(device)
  let [bytes, peak, created] = [0, 0, 0]
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    const destroy = buffer.destroy.bind(buffer)
    let live = true
    created++
    bytes += buffer.size
    peak = Math.max(peak, bytes)
    buffer.destroy = () => {
      if (live) bytes -= buffer.size
      live = false
      destroy()
    }
    return buffer
  }
  // A buffer to read from is one too, though it is small and lives for a moment.
  return { bytes: () => bytes, peak: () => peak, created: () => created }
}

/**
 * → runs work and tells its seconds on the host and on the card: mode 'passes' takes the time from the first to the last
 * timestamp of what was encoded, 'dispatches' puts each dispatch into a pass of its own and sums by kernel.
 */
function watchPasses(device) {
  const timed = device.features.has('timestamp-query')
  const sets = []
  const setOf = (pass) =>
    (sets[Math.floor(pass / most)] ??= device.createQuerySet({ type: 'timestamp', count: 2 * most }))
  let mode = null
  let names = []
  let counted = 0
  const create = device.createCommandEncoder.bind(device)
  device.createCommandEncoder = (descriptor) => {
    const encoder = create(descriptor)
    const begin = encoder.beginComputePass.bind(encoder)
    const clocked = (name) => {
      if (!timed || mode === null) return begin()
      const pass = names.push(name) - 1
      const first = 2 * (pass % most)
      return begin({
        timestampWrites: {
          querySet: setOf(pass),
          beginningOfPassWriteIndex: first,
          endOfPassWriteIndex: first + 1,
        },
      })
    }
    encoder.beginComputePass = (given) => {
      if (mode === 'passes') return clocked('pass')
      return mode === 'dispatches' ? apart(clocked, () => counted++) : begin(given)
    }
    return encoder
  }
  return async (wanted, work) => {
    await device.queue.onSubmittedWorkDone()
    ;[mode, names, counted] = [wanted, [], 0]
    const started = performance.now()
    await work()
    await device.queue.onSubmittedWorkDone()
    const wall = (performance.now() - started) / 1000
    mode = null
    const times = []
    for (let from = 0; timed && from < names.length; from += most) {
      times.push(...(await read(device, setOf(from), Math.min(most, names.length - from))))
    }
    const gpu = timed ? times.reduce((sum, seconds) => sum + seconds, 0) : null
    return { wall, gpu, dispatches: counted, kernels: timed ? byKernel(names, times) : null }
  }
}

/** Stands in for a pass: each dispatch gets one. */
function apart(clocked, count) {
  let [pipeline, group] = [null, null]
  return {
    setPipeline: (given) => (pipeline = given),
    setBindGroup: (...given) => (group = given),
    dispatchWorkgroups(...grid) {
      count()
      const pass = clocked(pipeline.label.split(' ')[0])
      pass.setPipeline(pipeline)
      pass.setBindGroup(...group)
      pass.dispatchWorkgroups(...grid)
      pass.end()
    },
    end() {},
  }
}

/** Seconds between the timestamps of each pass. */
async function read(device, querySet, passes) {
  const size = 16 * passes
  const usage = GPUBufferUsage
  const resolved = device.createBuffer({ size, usage: usage.QUERY_RESOLVE | usage.COPY_SRC })
  const staging = device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST })
  const encoder = device.createCommandEncoder()
  encoder.resolveQuerySet(querySet, 0, 2 * passes, resolved, 0)
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(GPUMapMode.READ)
  const ticks = new BigUint64Array(staging.getMappedRange().slice(0))
  staging.destroy()
  resolved.destroy()
  return Array.from({ length: passes }, (_, i) => Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e9)
}

function byKernel(names, times) {
  const found = new Map()
  names.forEach((kernel, i) => {
    const { seconds, dispatches } = found.get(kernel) ?? { seconds: 0, dispatches: 0 }
    found.set(kernel, { seconds: seconds + times[i], dispatches: dispatches + 1 })
  })
  return [...found].map(([kernel, sums]) => ({ kernel, ...sums })).sort((a, b) => b.seconds - a.seconds)
}
