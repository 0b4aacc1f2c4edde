// A chat with the bundled model, with the folder that ?model= names, or with one on the user's disk: read by ranges, computed
// on the graphics card.
import { adapterName, findAdapter, isSoftware, openDevice, webgpu } from '@tramontane/backend-webgpu'
import { detokenizer, fetchFolder, generate, loadFolder } from '@tramontane/core'
import { chosenFolder, droppedFolder } from './model-files.js'

const bundled = '/models/smollm2-135m-instruct-fp8'
const part = (id) => document.getElementById(id)

/** The model that is there or on its way: a folder, and what has been made of it so far. */
let current = null
let conversation = []

/** Takes the place of the model before. Every load has a device of its own: one that was lost does not come back. */
function load(folder) {
  const before = current
  const session = { folder, name: folder.name.split('/').at(-1), stop: new AbortController() }
  current = session
  if (before?.folder !== folder) startOver()
  busy(`Loading ${session.name} …`)
  session.work = release(before)
    .then(() => make(session))
    .catch((error) => fail(session, error))
}

async function make(session) {
  const { folder, stop } = session
  stop.signal.throwIfAborted()
  const adapter = await findAdapter()
  part('adapter').textContent = `on ${adapterName(adapter.info)}${isSoftware(adapter.info) ? ', a CPU: slow' : ''}`
  session.device = await openDevice(adapter)
  const backend = await webgpu(session.device)
  void backend.lost.then((error) => fail(session, error))
  const model = (session.model = await loadFolder(folder))
  stop.signal.throwIfAborted()
  session.program = await backend.load(model.graph, model.weights, { progress, signal: stop.signal })
  if (session === current) ready(session)
}

/** Ends what it is doing, and frees what it holds. */
async function release(session) {
  if (session === null) return
  session.stop.abort()
  await session.work
  await session.program?.dispose()
  session.device?.destroy()
  await session.model?.close()
}

async function answer(session, text) {
  const { model, program } = session
  const { signal } = (session.stop = new AbortController())
  const turns = conversation
  show('user', text)
  turns.push({ role: 'user', content: text })
  const item = show('assistant', '')
  const words = detokenizer(model.tokenizer, { continues: !model.chat })
  let sequence
  try {
    const prompt = model.chat
      ? model.chat.encode(turns)
      : Int32Array.from([...model.tokenizer.prefix, ...model.tokenizer.encode(text)])
    sequence = program.open(model.config.context)
    item.dataset.note = 'reading …'
    const started = performance.now()
    let count = 0
    for await (const { token } of generate(program, sequence, prompt, {
      end: model.config.end,
      maxTokens: 256,
      signal,
    })) {
      item.textContent += words.push(token)
      item.dataset.note = `${++count} tokens in ${((performance.now() - started) / 1000).toFixed(1)} s`
      follow()
    }
  } catch (error) {
    if (!signal.aborted) {
      // The question counts as not asked, and can be sent again.
      turns.pop()
      interrupted(session, item, text, error)
      return
    }
    item.dataset.note = 'stopped'
  } finally {
    sequence?.close()
  }
  item.textContent += words.end()
  turns.push({ role: 'assistant', content: item.textContent })
  item.dataset.done = 'true'
}

function interrupted(session, item, text, error) {
  item.classList.add('error')
  item.dataset.note = error.message
  if (session === current && part('text').value === '') part('text').value = text
}

function send() {
  const text = part('text').value.trim()
  const session = current
  if (text === '' || part('send').disabled) return
  part('text').value = ''
  state('answering')
  session.work = answer(session, text).then(() => {
    if (session === current && !session.failed) state('ready')
  })
}

function fail(session, error) {
  if (session !== current || session.failed) return
  session.failed = true
  say(error.message, 'error')
  state('failed')
  session.device?.destroy()
}

function busy(text) {
  say(text)
  part('progress').removeAttribute('value')
  part('amount').textContent = ''
  state('loading')
}

function progress(loaded, total) {
  part('progress').value = loaded / total
  part('amount').textContent = `${megabytes(loaded)} of ${megabytes(total)} MB`
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1)
}

function ready({ name, model }) {
  say(`${name} is ready.${model.chat ? '' : ' It has no chat template: it goes on with what you write.'}`)
  state('ready')
}

/** loading, ready, answering or failed: what can be seen is up to chat.css. */
function state(name) {
  document.body.dataset.state = name
  part('text').disabled = name === 'loading' || name === 'failed'
  part('send').disabled = name !== 'ready'
  if (name === 'ready') part('text').focus()
  if (name === 'failed') part('again').focus()
}

function say(text, kind = '') {
  part('status').textContent = text
  part('status').className = kind
}

function show(role, text) {
  const item = document.createElement('li')
  item.className = role
  item.textContent = text
  part('messages').append(item)
  follow()
  return item
}

/** Keeps the end in sight, unless the reader has gone up. */
function follow() {
  const { scrollHeight, scrollTop, clientHeight } = document.documentElement
  if (scrollHeight - scrollTop - clientHeight < 160) scrollTo(0, scrollHeight)
}

function startOver() {
  conversation = []
  part('messages').replaceChildren()
}

/** Why nothing will work here; undefined where it may. */
function missing() {
  if (navigator.gpu) return undefined
  if (!isSecureContext) return 'WebGPU is there only on pages of https or of this machine: expected one of them.'
  return 'This browser has no WebGPU, or has it switched off: expected navigator.gpu, found none. Recent versions of Chrome, Edge, Firefox and Safari have it.'
}

function listen() {
  part('form').onsubmit = (event) => {
    event.preventDefault()
    send()
  }
  part('text').onkeydown = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  }
  part('stop').onclick = () => current.stop.abort()
  part('again').onclick = () => load(current.folder)
  part('over').onclick = () => {
    startOver()
    part('text').focus()
  }
  part('folder').onchange = ({ target }) => {
    load(chosenFolder(target.files))
    // The same one can be chosen again.
    target.value = ''
  }
  document.ondragover = (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    document.body.classList.add('over')
  }
  document.ondragleave = ({ relatedTarget }) => {
    if (relatedTarget === null) document.body.classList.remove('over')
  }
  document.ondrop = (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    document.body.classList.remove('over')
    droppedFolder(event.dataTransfer).then(load, ({ message }) => say(message, 'error'))
  }
  document.onkeydown = ({ key }) => {
    if (key === 'Escape' && document.body.dataset.state === 'answering') current.stop.abort()
  }
}

const why = missing()
if (why) {
  say(why, 'error')
  document.body.dataset.state = 'impossible'
} else {
  listen()
  load(fetchFolder(new URL(new URLSearchParams(location.search).get('model') ?? bundled, location.href)))
}
