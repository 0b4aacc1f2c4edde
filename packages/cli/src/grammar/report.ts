import type { Judgement, SchemaError } from '@tramontane/api/grammar'
import type { Document } from './document.ts'

/** How documents are reported, one after the other, and a grammar that is refused. */
export interface Report {
  document(number: number, document: Document): string
  end(): string
  refused(reason: string, at: SchemaError['at'] | null): string
}

/** One JSON object a line. */
export function jsonReport(): Report {
  return {
    document: (_, document) => `${JSON.stringify(document.judgement())}\n`,
    end: () => '',
    refused: (refused, at) => `${JSON.stringify({ refused, at })}\n`,
  }
}

/** For people: a caret below the place where a document stops. */
export function plainReport(): Report {
  let accepted = 0
  let rejected = 0
  return {
    document(number, document) {
      const judgement = document.judgement()
      if (judgement.accepted) accepted++
      else rejected++
      return `${number}: ${sentence(judgement, document)}\n`
    },
    end: () => `${accepted} accepted, ${rejected} rejected\n`,
    refused: (reason) => `refused: ${reason}\n`,
  }
}

function sentence(judgement: Judgement, document: Document): string {
  if (judgement.accepted) return 'accepted'
  const { at, expected, reason } = judgement
  const { before, behind } = document.around()
  const caret = `${' '.repeat([...before].length)}^`
  const possible = `expected ${expected.join(' ')}${reason === undefined ? '' : `; ${reason}`}`
  return `rejected at byte ${at}: ${possible}\n  ${before}${behind}\n  ${caret}`
}
