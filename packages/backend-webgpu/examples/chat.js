// A chat with the bundled model, or with the folder that ?model= names: loaded by ranges, computed on the graphics card.
import { webgpu } from '@tramontane/backend-webgpu'
import { detokenizer, fetchFolder, generate, loadFolder } from '@tramontane/core'

const folder = new URLSearchParams(location.search).get('model') ?? '/models/smollm2-135m-instruct-fp8'
const part = (id) => document.getElementById(id)
const conversation = []

try {
  const backend = await webgpu()
  say(`Loading ${folder} …`)
  const model = await loadFolder(fetchFolder(new URL(folder, location.href)))
  const program = await backend.load(model.graph, model.weights, {
    progress: (loaded, total) => (part('progress').value = loaded / total),
  })
  part('progress').hidden = true
  say(`${folder.split('/').at(-1)} is ready.`)
  ready(model, program)
} catch (error) {
  say(error.message, 'error')
}

function ready(model, program) {
  const sequence = program.open(model.config.context)
  part('form').onsubmit = (event) => {
    event.preventDefault()
    const text = part('text').value.trim()
    if (text) void answer(model, program, sequence, text)
  }
  enable(true)
}

async function answer(model, program, sequence, text) {
  enable(false)
  part('text').value = ''
  conversation.push({ role: 'user', content: text })
  show('user', text)
  const item = show('assistant', '')
  try {
    const prompt = model.chat.encode(conversation)
    // The whole conversation is read anew.
    sequence.truncate(0)
    const words = detokenizer(model.tokenizer)
    for await (const { token } of generate(program, sequence, prompt, { end: model.config.end, maxTokens: 256 })) {
      item.textContent += words.push(token)
    }
    conversation.push({ role: 'assistant', content: item.textContent })
    item.dataset.done = 'true'
  } catch (error) {
    item.className = 'error'
    item.textContent += error.message
  }
  enable(true)
}

function show(role, text) {
  const item = document.createElement('li')
  item.className = role
  item.textContent = text
  part('messages').append(item)
  return item
}

function say(text, kind = '') {
  part('status').textContent = text
  part('status').className = kind
}

function enable(yes) {
  for (const id of ['text', 'send']) part(id).disabled = !yes
  if (yes) part('text').focus()
}
