import { openGolden, openNoise, rowError, tinyGoldens } from '@tramontane/conformance'
import { endToEndBound, precisions } from '@tramontane/conformance/bound'
import { encode } from '@tramontane/core'
import sparticuz from '@sparticuz/chromium'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

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
beforeAll(async () => {
  const script = new URL('../examples/serve.js', import.meta.url).href
  const { serve } = (await import(/* @vite-ignore */ script)) as { serve(): Promise<Served> }
  served = await serve()
  browser = await chromium.launch({ executablePath: await sparticuz.executablePath(), args: flags })
})
afterAll(async () => {
  await browser?.close()
  served?.close()
})

async function open(query: string): Promise<{ readonly page: Page; readonly errors: string[] }> {
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.goto(served.url + query)
  await page.waitForFunction(() => {
    const status = document.getElementById('status')!
    return status.className === 'error' || !(document.getElementById('text') as HTMLInputElement).disabled
  })
  return { page, errors }
}

it('loads the bundled model and answers', { timeout: 300_000 }, async () => {
  const { page, errors } = await open('')
  expect(await page.textContent('#status')).toBe('smollm2-135m-instruct-fp8 is ready.')
  await page.fill('#text', 'What is the capital of France?')
  await page.click('#send')
  await page.waitForSelector('li[data-done]', { timeout: 240_000 })
  expect(await page.textContent('li.assistant')).toBe('The capital of France is Paris.')
  expect(errors).toEqual([])
  const path = process.env.TRAMONTANE_SCREENSHOT
  if (path) await page.screenshot({ path })
  await page.close()
})

it('says what is wrong with a model that is not there', async () => {
  const { page } = await open('?model=/models/none')
  expect(await page.textContent('#status')).toMatch(/models\/none.*config\.json/)
  await page.close()
})

describe('tiny models: logits in the browser within the bound', () => {
  let page: Page
  beforeAll(async () => void ({ page } = await open('?model=/models/none')))
  afterAll(() => page.close())

  it.each(tinyGoldens)('$name', async ({ name, golden }) => {
    const file = await openGolden(`tiny/${golden}/golden.safetensors`)
    try {
      const tokens = [...((await file.read('tokens')).data as Int32Array)]
      const expected = await file.read('logits')
      const call = `logits('/conformance/goldens/tiny/${name}', ${JSON.stringify(tokens)})`
      // As text: vitest would put its own import into a function.
      const found = await page.evaluate<number[]>(`import('./logits.js').then(({ logits }) => ${call})`)
      const bound = endToEndBound(await openNoise(`tiny/${golden}`), precisions.webgpu, 'logits')
      expect(rowError(encode('F64', [...expected.shape], found), expected)).toBeLessThanOrEqual(bound)
    } finally {
      await file.close()
    }
  })
})
