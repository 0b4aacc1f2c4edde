/** Ends a command with a code of its own, when what there is to say has been said. */
export class Exit extends Error {
  override readonly name: string = 'Exit'
  readonly code: number

  constructor(code: number) {
    super(`exit code ${code}`)
    this.code = code
  }
}
