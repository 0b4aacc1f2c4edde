// Serves the example to a browser on this machine: node packages/backend-webgpu/examples/serve.js [PORT]
// Files by range, as model files are read.
import { createReadStream, existsSync, realpathSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)))
const page = '/packages/backend-webgpu/examples/'
/** Nothing else of the repository is given away. */
const open = ['packages', 'models', 'conformance/goldens', 'node_modules/@huggingface', 'node_modules/pbf']
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wgsl': 'text/plain; charset=utf-8',
}

/** → the address of the page */
export function serve(port = 0) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    if (pathname === '/') return void response.writeHead(302, { location: page }).end()
    const file = fileOf(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
    if (file === undefined) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found')
    send(file, request, response)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}${page}`, close: () => server.close() })
    })
  })
}

function fileOf(pathname) {
  const path = join(root, decodeURIComponent(pathname))
  if (!open.some((folder) => path.startsWith(join(root, folder) + sep)) || !existsSync(path)) return undefined
  return statSync(path).isFile() ? path : undefined
}

function send(file, request, response) {
  const { size } = statSync(file)
  const head = { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'accept-ranges': 'bytes' }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (range === null) {
    response.writeHead(200, { ...head, 'content-length': size })
    return void createReadStream(file).pipe(response)
  }
  const [start, end] = [Number(range[1]), Math.min(size - 1, range[2] === '' ? Infinity : Number(range[2]))]
  if (start > end) return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
  response.writeHead(206, {
    ...head,
    'content-range': `bytes ${start}-${end}/${size}`,
    'content-length': end - start + 1,
  })
  createReadStream(file, { start, end }).pipe(response)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(Number(process.argv[2] ?? 8080))
  console.log(`Open ${url}`)
}
