"""A million float32 bit patterns by a recipe of 32-bit integers, which any language repeats exactly.

1. 2^18 patterns mix(i), i = 0, 1, ...: all exponents alike.
2. 2^18 patterns mix(i) with the exponent folded into 2^-27 ... 2^20, where the small formats lie.
3. The grid: for each format the halves between neighbouring codes (for fp8 the codes too), from the smallest subnormal
   to beyond the overflow threshold, each with the float32 before and after it, each with both signs.
4. Specials: zeros, infinities, NaNs, the ends of float32's normal and subnormal numbers.
5. mix(i) again, up to a million.
"""

import numpy

COUNT = 1_000_000
HALF = 2**18

# Mantissa bits, bias, largest finite code, step through the half-codes
GRIDS = ((3, 7, 0x7E, 1), (2, 15, 0x7B, 1), (10, 15, 0x7BFF, 2), (7, 127, 0x7F7F, 2))

SPECIALS = (
    0x00000000, 0x80000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF,
    0x00000001, 0x80000001, 0x007FFFFF, 0x807FFFFF, 0x00800000, 0x80800000, 0x7F7FFFFF, 0xFF7FFFFF,
)  # fmt: skip


def mix(counter: numpy.ndarray) -> numpy.ndarray:
    """The finaliser of MurmurHash3, a permutation of the 32-bit words."""
    h = counter.astype(numpy.uint32)
    h = (h ^ (h >> 16)) * numpy.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * numpy.uint32(0xC2B2AE35)
    return h ^ (h >> 16)


def folded(bits: numpy.ndarray) -> numpy.ndarray:
    return (bits & 0x807FFFFF) | ((100 + ((bits >> 23) & 0xFF) % 48) << 23)


def half_code(mantissa: int, bias: int, h: int) -> int:
    """float32 pattern of h/2 codes above zero: h is a code of the same format with one more bit of mantissa."""
    m = mantissa + 1
    if h >> m == 0 and h != 0 and bias != 127:  # subnormal there, normal in float32
        top = h.bit_length() - 1
        return ((top + 1 - bias - m + 127) << 23) | ((h << (23 - top)) & 0x7FFFFF)
    return (h << (23 - m)) + ((127 - bias) << 23) if h else 0


def grid() -> list[int]:
    out = []
    for mantissa, bias, largest, step in GRIDS:
        for h in range(step - 1, 2 * largest + 4, step):
            bits = half_code(mantissa, bias, h)
            for ulp in (-1, 0, 1):
                word = (bits + ulp) & 0xFFFFFFFF
                out += [word, word | 0x80000000]
    return out


def patterns() -> numpy.ndarray:
    """[COUNT] of uint32."""
    mixed = mix(numpy.arange(COUNT))
    structured = numpy.array([*grid(), *SPECIALS], dtype=numpy.uint32)
    mixed[HALF : 2 * HALF] = folded(mixed[HALF : 2 * HALF])
    mixed[2 * HALF : 2 * HALF + len(structured)] = structured
    return mixed
