import { philox, type BareModel } from '@tramontane/core'

/** Preamble and first articles of the Universal Declaration of Human Rights, 1948: a text that models know. */
const declaration =
  `Whereas recognition of the inherent dignity and of the equal and inalienable rights of all members of the
human family is the foundation of freedom, justice and peace in the world. All human beings are born free and equal in dignity
and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood. Everyone
is entitled to all the rights and freedoms set forth in this Declaration, without distinction of any kind, such as race, colour,
sex, language, religion, political or other opinion, national or social origin, property, birth or other status. Everyone has the
right to life, liberty and security of person.`.replace(/\s+/g, ' ')

/** The tokens that are fed: the text over and over, or, where the model has no tokenizer, seeded random ids. */
export function benchText({ tokenizer, config }: Pick<BareModel, 'tokenizer' | 'config'>, length: number): Int32Array {
  if (tokenizer === null)
    return Int32Array.from({ length }, (_, i) => philox([i, 0, 0, 0], [0, 0])[0] % config.vocabulary)
  const once = [...tokenizer.prefix, ...tokenizer.encode(declaration)]
  return Int32Array.from({ length }, (_, i) => once[i % once.length])
}
