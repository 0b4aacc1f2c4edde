"""Arithmetic for oracle.py in which every operation rounds to float32: to nearest, or up and down at random."""

from dataclasses import dataclass

import ml_dtypes
import numpy

from oracle import Array, Exact

ULP = 2.0**-23


@dataclass(frozen=True)
class Profile:
    """Largest relative errors; see precision.ts."""

    unit: float
    exp: tuple[float, float]
    divide: float
    inverseSqrt: float
    operand: float | None = None


PROFILES = {
    "f32": Profile(ULP / 2, (2 * ULP, 0), ULP / 2, 2 * ULP),
    "webgpu": Profile(ULP, (3 * ULP, 2 * ULP), 2.5 * ULP, 2 * ULP),
    "bf16": Profile(ULP / 2, (2 * ULP, 0), ULP / 2, 2 * ULP, 2.0**-8),
}


class Rounded(Exact):
    """float32, nearest: each product, sum and function rounded, each sum in an order of its own."""

    def __init__(self, profile: Profile, random: numpy.random.Generator):
        self.profile, self.random = profile, random

    def round(self, x: Array) -> Array:
        return x.astype(numpy.float32, copy=False)

    def stray(self, x: Array, error: float | Array) -> Array:
        """A function that is right to `error`, anywhere within."""
        return self.round(x * (1 + self.random.uniform(-1, 1, x.shape) * error))

    def exp(self, x: Array) -> Array:
        constant, per_unit = self.profile.exp
        x = x.astype(numpy.float64)
        size = numpy.where(numpy.isfinite(x), abs(x), 0)
        return self.stray(numpy.exp(x), constant + per_unit * size)

    def divide(self, a: Array, b: Array | float) -> Array:
        exact = a.astype(numpy.float64) / b
        return self.round(exact) if self.profile.divide == ULP / 2 else self.stray(exact, self.profile.divide)

    def total(self, term, count: int) -> Array:
        """term(0) + … + term(count - 1): shuffled; one after the other, in 32 lanes, or pairwise."""
        longest = self.random.choice([count, -(-count // 32), 1])
        return self.reduce(term, self.random.permutation(count), longest)

    def reduce(self, term, order: Array, longest: int) -> Array:
        if len(order) <= longest:
            out = term(order[0])
            for k in order[1:]:
                out = self.round(out + term(k))
            return out
        half = len(order) // 2
        return self.round(self.reduce(term, order[:half], longest) + self.reduce(term, order[half:], longest))

    def norm(self, x: Array, weight: Array, eps: float) -> Array:
        x = self.round(x)
        squares = self.total(lambda k: self.round(x[:, k] * x[:, k]), x.shape[1])
        mean = self.round(self.divide(squares, x.shape[1]) + numpy.float32(eps)).astype(numpy.float64)
        factor = self.stray(1 / numpy.sqrt(mean), self.profile.inverseSqrt)
        return self.round(self.round(x * factor[:, None]) * self.round(weight))

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        x = self.round(x)
        if self.profile.operand is not None:
            x = x.astype(ml_dtypes.bfloat16).astype(numpy.float32)
        columns = numpy.ascontiguousarray(self.round(weight).T)
        out = self.total(lambda k: self.round(x[:, k, None] * columns[k]), len(columns))
        return out if bias is None else self.round(out + self.round(bias))

    def rope(self, x: Array, angle: Array) -> Array:
        a, b = numpy.split(self.round(x).reshape(len(x), -1, 2 * angle.shape[1]), 2, axis=-1)
        cos, sin = (f(angle).astype(numpy.float32).astype(x.dtype)[:, None] for f in (numpy.cos, numpy.sin))
        first = self.round(self.round(a * cos) - self.round(b * sin))
        second = self.round(self.round(b * cos) + self.round(a * sin))
        return numpy.concatenate((first, second), axis=-1).reshape(x.shape)

    def scores(self, query: Array, key: Array) -> Array:
        q, k = query.transpose(1, 0, 2), key.transpose(1, 0, 2)
        dots = self.total(lambda c: self.round(q[:, :, None, c] * k[:, None, :, c]), query.shape[2])
        return self.round(dots * numpy.float32(query.shape[2] ** -0.5))

    def softmax(self, scores: Array) -> Array:
        weights = self.exp(self.round(scores - scores.max(-1, keepdims=True)))
        return self.divide(weights, self.total(lambda s: weights[:, :, s], scores.shape[2])[:, :, None])

    def mix(self, pattern: Array, value: Array) -> Array:
        v = value.transpose(1, 0, 2)
        out = self.total(lambda s: self.round(pattern[:, :, s, None] * v[:, None, s]), len(value))
        return out.transpose(1, 0, 2)

    def silu(self, x: Array) -> Array:
        return self.divide(x, self.round(numpy.float32(1) + self.exp(-x)))

    def mul(self, a: Array, b: Array) -> Array:
        return self.round(a * b)

    def add(self, a: Array, b: Array) -> Array:
        return self.round(a + b)


class Either(Rounded):
    """float32, up or down as it falls. Numbers are float64 arrays, so that operations are exact before they round."""

    def round(self, x: Array) -> Array:
        x = x.astype(numpy.float64, copy=False)
        near = x.astype(numpy.float32)
        away = numpy.nextafter(near, numpy.where(x > near, numpy.float32(numpy.inf), numpy.float32(-numpy.inf)))
        other = (near != x) & numpy.isfinite(x) & (self.random.random(x.shape) < 0.5)
        return numpy.where(other, away, near).astype(numpy.float64)


class EitherFast(Either):
    """Up or down at random has twice the standard deviation of nearest, so linears double the error of nearest."""

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        nearest = Rounded(self.profile, self.random).linear(x, weight, bias)
        exact = x @ weight.T if bias is None else x @ weight.T + bias
        return self.round(exact + 2 * (nearest - exact))


class EitherLong(EitherFast):
    """The same inside attention, for texts of hundreds of tokens."""

    def doubled(self, name: str, a: Array, b: Array) -> Array:
        nearest = getattr(Rounded(self.profile, self.random), name)(*(x.astype(numpy.float32) for x in (a, b)))
        exact = getattr(Exact(), name)(a, b)
        return self.round(exact + 2 * (nearest - exact))

    def scores(self, query: Array, key: Array) -> Array:
        return self.doubled("scores", query, key)

    def mix(self, pattern: Array, value: Array) -> Array:
        return self.doubled("mix", pattern, value)
