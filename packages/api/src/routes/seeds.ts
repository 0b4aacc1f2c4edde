/**
 * The seed of choice i of a request: the request's own for the first, and numbers of 64 bits mixed from both for the
 * others, so that neighbouring seeds share no choice. The mixing is SplitMix64's (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", 2014).
 */
export function choiceSeed(seed: number | bigint, choice: number): number | bigint {
  return choice === 0 ? seed : mixed(mixed(BigInt(seed)) + BigInt(choice) * 0x9e3779b97f4a7c15n)
}

/** For a request that names none. */
export function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]
}

function mixed(value: bigint): bigint {
  let z = BigInt.asUintN(64, value)
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
  return z ^ (z >> 31n)
}
