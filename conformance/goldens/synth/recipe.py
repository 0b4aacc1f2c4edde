"""Random checkpoints by docs/spec.md [synth], once more: NumPy and the standard library, sharing nothing with the engine."""

import math
import statistics

import numpy

Array = numpy.ndarray
U32 = numpy.uint32
DRAWS = 2**16


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10, [sampling.11]."""
    (a, b, c, d), (k, l) = counter, key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q & 0xFFFFFFFF, (p >> 32) ^ d ^ l, p & 0xFFFFFFFF
        k, l = (k + 0x9E3779B9) & 0xFFFFFFFF, (l + 0xBB67AE85) & 0xFFFFFFFF
    return [a, b, c, d]


def key(name: str, seed: int) -> list[int]:
    """[synth.1]"""
    digest = 0x811C9DC5
    for byte in name.encode():
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    return philox([digest, 0, 0, 0], [seed & 0xFFFFFFFF, seed >> 32])[:2]


def draws(name: str, seed: int, start: int, stop: int) -> Array:
    """[synth.2], the 16-bit numbers of elements `[start, stop)` of a tensor; both even."""
    first, second = (U32(word) for word in key(name, seed))
    x = numpy.arange(start // 2, stop // 2, dtype=numpy.uint64).astype(U32) + first
    x ^= x >> U32(16)
    x *= U32(0x21F0AAAD)
    x ^= x >> U32(15)
    x ^= second
    x *= U32(0xD35A2D97)
    x ^= x >> U32(15)
    return numpy.stack((x & U32(0xFFFF), x >> U32(16)), axis=-1).reshape(-1)


def rounded(x: float, bits: int, smallest: int) -> tuple[float, float]:
    """x to `bits` significant bits, nearest even, exponents of two from `smallest`; and how far it was from a tie, relatively."""
    step = 2.0 ** max(math.frexp(x)[1] - bits, smallest)
    steps = x / step
    return round(steps) * step, abs(abs(steps - math.floor(steps)) - 0.5) * step / abs(x)


def normal(kind: str, deviation: float) -> Array:
    """[synth.3]: the number of every draw, from the inverse of the normal distribution."""
    bits, smallest = {"F8_E4M3": (4, -9), "BF16": (8, -133)}[kind]
    inverse = statistics.NormalDist().inv_cdf
    values = [rounded(deviation * inverse((r + 0.5) / DRAWS), bits, smallest) for r in range(DRAWS)]
    # No draw is so near a tie that it depends on who computes the inverse.
    assert min(margin for _, margin in values) > 5e-8
    numbers = numpy.array([value for value, _ in values])
    assert kind == "BF16" or abs(numbers).max() == 448
    return numbers


def uniform(base: float) -> Array:
    """[synth.5]: the number of every draw."""
    return numpy.repeat([rounded(base * ((64 + m) / 128), 8, -133)[0] for m in range(128)], 512)


class Checkpoint:
    """The tensors of a config by Hugging Face's names, any rows of them, as float64."""

    def __init__(self, config: dict, seed: int, strategy: str):
        self.config, self.seed, self.strategy = config, seed, strategy
        self.fp8, self.unit, self.bias = normal("F8_E4M3", 100), normal("BF16", 1), normal("BF16", 1 / 8)
        h = max(h for h in range(32) if 4**h <= config["hidden_size"])
        self.head = normal("BF16", 2.0**-h)

    def table(self, name: str) -> Array:
        """[synth.4], [synth.5]"""
        if name.endswith("norm.weight"):
            return uniform(1)
        if name.endswith(".bias"):
            return self.bias
        tied = self.config.get("tie_word_embeddings", False)
        if name == "lm_head.weight" or (name == "model.embed_tokens.weight" and tied):
            return self.head
        return self.unit if name == "model.embed_tokens.weight" else self.fp8

    def stored(self, name: str, columns: int, start: int, stop: int) -> Array:
        """Numbers of the rows `[start, stop)` as they are stored, before any scale."""
        begin, end = start * columns, stop * columns
        return self.table(name)[draws(name, self.seed, begin & ~1, end + (end & 1))[begin & 1 :][: end - begin]]

    def scales(self, name: str, rows: int, columns: int) -> Array:
        gain = 1 / math.sqrt(2 * self.config["num_hidden_layers"]) if ".o_proj" in name or ".down_proj" in name else 1
        table = uniform(gain / (100 * math.sqrt(columns)))
        shape = {"tensor": [1], "channel": [rows, 1], "block": [-(-rows // 128), -(-columns // 128)]}[self.strategy]
        count = math.prod(shape)
        return table[draws(f"{name}_scale", self.seed, 0, count + count % 2)[:count]].reshape(shape)

    def linear(self, name: str, rows: int, columns: int, start: int, stop: int) -> Array:
        """Rows of an fp8 weight, [stop - start, columns], scaled: exact in float64."""
        codes = self.stored(name, columns, start, stop).reshape(-1, columns)
        scales = self.scales(name, rows, columns)
        if self.strategy == "block":
            return codes * scales.repeat(128, 0)[start:stop].repeat(128, 1)[:, :columns]
        return codes * (scales[start:stop] if self.strategy == "channel" else scales)
