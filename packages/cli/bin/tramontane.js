#!/usr/bin/env node
import { existsSync } from 'node:fs'

// A reader that has seen enough, such as `head`, closes the pipe: that is no error.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const main = new URL('../dist/main.js', import.meta.url)
if (existsSync(main)) {
  const tramontane = await import(main.href)
  // Exits by hand: an open stdin must not keep the process alive.
  process.exit(await tramontane.main(process.argv.slice(2), process))
} else {
  console.error('tramontane is not built yet: run "npm run build" in the repository first')
  process.exitCode = 1
}
