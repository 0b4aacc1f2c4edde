import { Option } from 'commander'
import { computing } from './make-backend.ts'

/** `--backend`, of commands that compute with one. */
export function backendOption(usual = 'auto'): Option {
  const what = 'what computes; auto: the fastest that is there'
  return new Option('--backend <name>', what).choices(computing).default(usual)
}
