import { mkdtemp, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openGolden, openNoise, rowError, tinyGoldens } from '@tramontane/conformance'
import { endToEndBound, precisions } from '@tramontane/conformance/bound'
import { writeTinyModel } from '@tramontane/conformance/http'
import { encode } from '@tramontane/core'
import sparticuz from '@sparticuz/chromium'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

// The page in the real browser, on SwiftShader: what it loads is what `tsc -b` has built.
const flags = [
  ...['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
]

interface Served {
  readonly url: string
  close(): void
}

let served: Served
let browser: Browser
/** Of a model that answers at once, and nonsense. */
let tiny: string
beforeAll(async () => {
  const script = new URL('../examples/serve.js', import.meta.url).href
  const { serve } = (await import(/* @vite-ignore */ script)) as { serve(): Promise<Served> }
  served = await serve()
  browser = await chromium.launch({ executablePath: await sparticuz.executablePath(), args: flags })
  tiny = join(await mkdtemp(join(tmpdir(), 'tramontane-page-')), 'tiny')
  await writeTinyModel(tiny)
})
afterAll(async () => {
  await browser?.close()
  served?.close()
  await rm(join(tiny, '..'), { recursive: true })
})

interface Opened {
  readonly page: Page
  readonly errors: string[]
  /** Method and path of everything that was asked of the server. */
  readonly requests: string[]
}

const none = '?model=/models/none'
const shard = 'model-00001-of-00001.safetensors'

/** Notes the bytes of every read of a file. */
const watchReads = `globalThis.reads = []
  const { arrayBuffer } = Blob.prototype
  Blob.prototype.arrayBuffer = function () {
    reads.push(this.size)
    return arrayBuffer.call(this)
  }`

/** The page when it has said what came of it; closed with the test. `before` runs in it before anything else. */
async function open(query: string, before = ''): Promise<Opened> {
  const page = await browser.newPage()
  const errors: string[] = []
  const requests: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`))
  await page.addInitScript(before)
  await page.goto(served.url + query)
  await settled(page)
  return { page, errors, requests }
}

async function openHere(...given: Parameters<typeof open>): Promise<Opened> {
  const opened = await open(...given)
  onTestFinished(() => opened.page.close())
  return opened
}

async function settled(page: Page): Promise<void> {
  await page.waitForSelector('body:is([data-state=ready], [data-state=failed], [data-state=impossible])')
}

async function choose(page: Page, folder: string): Promise<string> {
  await page.setInputFiles('#folder', folder)
  await settled(page)
  return (await page.textContent('#status'))!
}

/** Of the tiny model, with a file left out or cut. */
async function folderLike(change: (folder: string) => Promise<void>): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'tramontane-page-'))
  onTestFinished(() => rm(parent, { recursive: true }))
  const folder = join(parent, 'broken')
  await writeTinyModel(folder)
  await change(folder)
  return folder
}

it('loads the bundled model and answers', { timeout: 300_000 }, async () => {
  const { page, errors } = await openHere('')
  expect(await page.textContent('#status')).toBe('smollm2-135m-instruct-fp8 is ready.')
  expect(await page.textContent('#adapter')).toMatch(/swiftshader.*a CPU/i)
  await page.fill('#text', 'What is the capital of France?')
  await page.keyboard.press('Enter')
  await page.waitForSelector('li[data-done]', { timeout: 240_000 })
  expect(await page.textContent('li.assistant')).toBe('The capital of France is Paris.')
  expect(errors).toEqual([])
  const path = process.env.TRAMONTANE_SCREENSHOT
  if (path) {
    await page.setViewportSize({ width: 800, height: 400 })
    await page.screenshot({ path })
  }
})

describe('a folder of the user', () => {
  it('is loaded where it lies, answers until it is stopped, and goes on', async () => {
    const { page, errors, requests } = await openHere(none, watchReads)
    const before = requests.length
    expect(await choose(page, tiny)).toBe('tiny is ready.')
    // Never a file of weights at once.
    const largest = await page.evaluate<number>('Math.max(...reads)')
    expect(largest).toBeLessThan((await stat(join(tiny, shard))).size)
    await page.fill('#text', 'Hello')
    await page.click('#send')
    await page.waitForFunction(() => document.querySelector('li.assistant')!.textContent !== '')
    await page.keyboard.press('Escape')
    await page.waitForSelector('li.assistant[data-done][data-note=stopped]')
    await page.fill('#text', 'And now?')
    await page.click('#send')
    await page.waitForSelector('li:nth-child(4):not([data-note*=reading])')
    await page.click('#stop')
    await page.waitForSelector('li:nth-child(4)[data-done]')
    expect(requests.slice(before).filter((request) => !/^GET .*\.(js|wgsl)$/.test(request))).toEqual([])
    expect(errors).toEqual([])
  })

  it('can be dropped on the page, and takes the place of the model before in the middle of an answer', async () => {
    const { page, errors } = await openHere(none)
    await choose(page, tiny)
    await page.fill('#text', 'Hello')
    await page.click('#send')
    await page.waitForFunction(() => document.querySelector('li.assistant')!.textContent !== '')
    const devtools = await page.context().newCDPSession(page)
    const data = { items: [], files: [tiny], dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, x: 200, y: 300, data })
    await page.waitForSelector('body[data-state=ready]:not(:has(li))')
    expect(await page.textContent('#status')).toBe('tiny is ready.')
    expect(errors).toEqual([])
  })

  it('that is no model: what is missing, or wrong; then another one', async () => {
    const { page, errors } = await openHere(none)
    const withoutConfig = await folderLike((folder) => rm(join(folder, 'config.json')))
    expect(await choose(page, withoutConfig)).toBe('broken: expected a file "config.json", found none')
    const cut = await folderLike((folder) => truncate(join(folder, shard), 1_000_000))
    expect(await choose(page, cut)).toContain(`broken/${shard}: `)
    const withoutTokenizer = await folderLike((folder) => rm(join(folder, 'tokenizer.json')))
    expect(await choose(page, withoutTokenizer)).toMatch(/broken: expected a file "tokenizer.json".*found none/)
    expect(await page.isVisible('#again')).toBe(true)
    expect(await choose(page, tiny)).toBe('tiny is ready.')
    expect(await page.isVisible('#again')).toBe(false)
    expect(errors).toEqual([])
  })
})

describe('says what is wrong', () => {
  it('with a model that is not there', async () => {
    const { page } = await openHere(none)
    expect(await page.textContent('#status')).toMatch(/models\/none.*config\.json/)
  })

  it('with a browser that has no WebGPU', async () => {
    const { page } = await openHere('', "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined })")
    expect(await page.textContent('#status')).toMatch(/browser has no WebGPU.*Chrome/)
    expect(await page.isVisible('#form')).toBe(false)
    expect(await page.isVisible('label')).toBe(false)
  })

  it('with a machine that has no adapter', async () => {
    const { page } = await openHere('', 'GPU.prototype.requestAdapter = async () => null')
    expect(await page.textContent('#status')).toMatch(/expected an adapter, found none; install the driver/)
  })

  it('with a model that is too large for the adapter', async () => {
    const { page } = await openHere(
      none,
      `for (const name of ['maxBufferSize', 'maxStorageBufferBindingSize'])
         Object.defineProperty(GPUSupportedLimits.prototype, name, { value: 100 })`,
    )
    expect(await choose(page, tiny)).toMatch(/weight ".*a row of it needs \d+ bytes .* swiftshader/i)
  })
})

it('a device lost in the middle of an answer: says so, loads again, and answers', async () => {
  const { page, errors } = await openHere(
    none,
    `globalThis.devices = []
     const { requestDevice } = GPUAdapter.prototype
     GPUAdapter.prototype.requestDevice = async function (...given) {
       const device = await requestDevice.apply(this, given)
       devices.push(device)
       return device
     }`,
  )
  await choose(page, tiny)
  await page.fill('#text', 'Hello')
  await page.click('#send')
  await page.waitForFunction(() => document.querySelector('li.assistant')!.textContent !== '')
  await page.evaluate('devices.at(-1).destroy()')
  await page.waitForSelector('body[data-state=failed]')
  expect(await page.textContent('#status')).toMatch(/the device is lost .*; load the model again/)
  await page.waitForSelector('li.assistant.error[data-note*="the device is lost"]')
  // With the keyboard alone: the button has the focus, and then the question that has come back.
  await page.keyboard.press('Enter')
  await page.waitForSelector('body[data-state=ready]')
  expect(await page.inputValue('#text')).toBe('Hello')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('li:nth-child(4)')?.textContent)
  await page.keyboard.press('Escape')
  await page.waitForSelector('li:nth-child(4)[data-done]')
  expect(errors).toEqual([])
})

/** Notes the kernels that are run. */
const watchKernels = `globalThis.kernels = new Set()
  const { setPipeline } = GPUComputePassEncoder.prototype
  GPUComputePassEncoder.prototype.setPipeline = function (pipeline) {
    kernels.add(pipeline.label.split(' ')[0])
    return setPipeline.call(this, pipeline)
  }`

describe('tiny models in the browser within the bound', () => {
  let page: Page
  beforeAll(async () => void ({ page } = await open(none, watchKernels)))
  afterAll(() => page.close())

  /** Holds these activations against the golden ones. → the kernels that were run */
  async function judge(name: string, golden: string, outputs: readonly string[]): Promise<string[]> {
    const file = await openGolden(`tiny/${golden}/golden.safetensors`)
    try {
      const tokens = [...((await file.read('tokens')).data as Int32Array)]
      const given = [`/conformance/goldens/tiny/${name}`, tokens, outputs].map((part) => JSON.stringify(part))
      await page.evaluate('kernels.clear()')
      // As text: vitest would put its own import into a function.
      const found = await page.evaluate<number[][]>(`import('./logits.js').then(({ values }) => values(${given}))`)
      const noise = await openNoise(`tiny/${golden}`)
      for (const [i, output] of outputs.entries()) {
        const expected = await file.read(output)
        const bound = endToEndBound(noise, precisions.webgpu, output)
        expect(rowError(encode('F64', [...expected.shape], found[i]), expected), output).toBeLessThanOrEqual(bound)
      }
      return await page.evaluate<string[]>('[...kernels]')
    } finally {
      await file.close()
    }
  }

  it.each(tinyGoldens)('$name: logits, fused', async ({ name, golden }) => {
    const kernels = await judge(name, golden, ['logits'])
    expect(kernels).toEqual(expect.arrayContaining(['attend', 'project']))
    expect(kernels).not.toContain('linear')
  })

  it('full: logits and an activation, unfused', async () => {
    const kernels = await judge('full', 'full', ['logits', 'layers.1.attention'])
    expect(kernels).toEqual(expect.arrayContaining(['linear', 'scores']))
    expect(kernels).not.toContain('project')
  })
})
