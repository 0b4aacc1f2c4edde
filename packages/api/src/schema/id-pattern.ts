/** A pattern of the decimal numbers below `limit`, for the keys of an object, where JSON Schema knows no ranges. */
export function idsBelow(limit: number): RegExp {
  const last = String(limit - 1)
  const shorter = last.length === 1 ? [] : ['[0-9]', ...lengths(2, last.length - 1)]
  return new RegExp(`^(?:${[...shorter, ...upTo(last)].join('|')})$`)
}

/** Numbers of `from` to `to` digits, from 2. */
function lengths(from: number, to: number): string[] {
  return to < from ? [] : [`[1-9][0-9]{${from - 1},${to - 1}}`]
}

/** Numbers of as many digits that are not larger: the first digit that differs is smaller. */
function upTo(last: string): string[] {
  const smaller = [...last].map((digit, i) => {
    const [low, high] = [i === 0 && last.length > 1 ? 1 : 0, Number(digit) - 1]
    return high < low ? [] : [`${last.slice(0, i)}[${low}-${high}]${any(last.length - i - 1)}`]
  })
  return [...smaller.flat(), last]
}

function any(digits: number): string {
  return digits === 0 ? '' : `[0-9]{${digits}}`
}
