"""The whole forward pass once more, in plain NumPy float64, sharing nothing with PyTorch or transformers.

`steps` says in which order what is computed; `forward` keeps it all. Every sum, product and function of an activation
is a method of the `Exact` that it is given and of nothing else, so that a subclass can put rounding errors into each
step. Whatever does not depend on activations (frequencies, angles, which keys are seen) is computed beside it.

Understood: RMSNorm, grouped heads, a window, RoPE of type default, linear and llama3, biases, tied embeddings. Weights
come in float64 under their Hugging Face names; that fp8 codes have scales and native checkpoints another order of rows
is the business of checkpoint.py.
"""

from collections.abc import Iterator

import numpy

Array = numpy.ndarray


class Exact:
    """The arithmetic of the forward pass. Sizes: T tokens, S keys, H heads, G key-value heads, d head width."""

    def norm(self, x: Array, weight: Array, eps: float) -> Array:
        """[T, C], [C] → [T, C]: RMSNorm."""
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """[T, K], [N, K], [N] or none → [T, N]."""
        return x @ weight.T if bias is None else x @ weight.T + bias

    def rope(self, x: Array, angle: Array) -> Array:
        """[T, heads * d], [T, d/2] → [T, heads * d]: the pair (k, k + d/2) of each head turned by its angle."""
        a, b = numpy.split(x.reshape(len(x), -1, 2 * angle.shape[1]), 2, axis=-1)
        cos, sin = numpy.cos(angle)[:, None], numpy.sin(angle)[:, None]
        return numpy.concatenate((a * cos - b * sin, b * cos + a * sin), axis=-1).reshape(x.shape)

    def scores(self, query: Array, key: Array) -> Array:
        """[T, H, d] and [S, H, d] → [H, T, S]: scaled dot products."""
        return numpy.einsum("ihd,jhd->hij", query, key) / numpy.sqrt(query.shape[-1])

    def softmax(self, scores: Array) -> Array:
        """[H, T, S] → the same, over the keys; a score of -inf gives 0."""
        weights = numpy.exp(scores - scores.max(-1, keepdims=True))
        return weights / weights.sum(-1, keepdims=True)

    def mix(self, pattern: Array, value: Array) -> Array:
        """[H, T, S] and [S, H, d] → [T, H, d]."""
        return numpy.einsum("hij,jhd->ihd", pattern, value)

    def silu(self, x: Array) -> Array:
        return x / (1 + numpy.exp(-x))

    def mul(self, a: Array, b: Array) -> Array:
        return a * b

    def add(self, a: Array, b: Array) -> Array:
        return a + b


class Neighbours(Exact):
    """As mistral-inference turns the rows of a native checkpoint: neighbours as one complex number each."""

    def rope(self, x: Array, angle: Array) -> Array:
        pairs = x.reshape(len(x), -1, angle.shape[1], 2)
        turned = (pairs[..., 0] + 1j * pairs[..., 1]) * numpy.exp(1j * angle)[:, None]
        return numpy.stack((turned.real, turned.imag), axis=-1).reshape(x.shape)


def rope_parameters(config: dict) -> dict:
    """Type, theta and what the type needs: in one place in transformers 5, in two in transformers 4."""
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    return {**scaling, "rope_type": kind, "rope_theta": scaling.get("rope_theta", config.get("rope_theta"))}


def frequencies(rope: dict, d: int) -> Array:
    """[d/2] radians per position: theta^(-2k/d), scaled as the type says."""
    plain = rope["rope_theta"] ** (-2.0 * numpy.arange(d // 2) / d)
    if rope["rope_type"] == "default":
        return plain
    slow = plain / rope["factor"]
    if rope["rope_type"] == "linear":
        return slow
    if rope["rope_type"] == "llama3":
        # Pairs that turn often within the original context stay, those that turn rarely slow down, others in between.
        turns = rope["original_max_position_embeddings"] * plain / (2 * numpy.pi)
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        share = numpy.clip((turns - low) / (high - low), 0, 1)
        return (1 - share) * slow + share * plain
    raise ValueError(f"rope type {rope['rope_type']}")


def unseen(t: int, window: int | None) -> Array:
    """[T, T], true where query i does not see key j: it does when 0 <= i - j < window."""
    distance = numpy.arange(t)[:, None] - numpy.arange(t)
    return (distance < 0) | (distance >= (window or t))


def attend(query: Array, key: Array, value: Array, d: int, hidden: Array, exact: Exact) -> tuple[Array, Array]:
    """[T, H * d], [T, G * d] twice, [T, T] → [T, H * d] and the pattern [H, T, T]."""
    q, k, v = (x.reshape(len(x), -1, d) for x in (query, key, value))
    k, v = (x.repeat(q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    pattern = exact.softmax(numpy.where(hidden, -numpy.inf, exact.scores(q, k)))
    return exact.mix(pattern, v).reshape(query.shape), pattern


def forward(config: dict, weights: dict[str, Array], tokens: list[int], exact: Exact = Exact()) -> dict[str, Array]:
    """Activations by node name: [T, C] each, patterns [H, T, T]. `config` is config.json, `weights` are float64."""
    return dict(steps(config, weights, tokens, exact))


def steps(
    config: dict, weights: dict[str, Array], tokens: list[int], exact: Exact = Exact()
) -> Iterator[tuple[str, Array]]:
    """The same one by one, a layer at a time, for who does not want to keep them all."""
    heads, eps = config["num_attention_heads"], config["rms_norm_eps"]
    d = config.get("head_dim") or config["hidden_size"] // heads
    angle = numpy.arange(len(tokens))[:, None] * frequencies(rope_parameters(config), d)
    hidden = unseen(len(tokens), config.get("sliding_window"))
    yield "embedding", (x := weights["model.embed_tokens.weight"][tokens])
    for i in range(config["num_hidden_layers"]):
        w = lambda name: weights[f"model.layers.{i}.{name}.weight"]
        linear = lambda x, name: exact.linear(x, w(name), weights.get(f"model.layers.{i}.{name}.bias"))
        at = {"attention.norm": (h := exact.norm(x, w("input_layernorm"), eps))}
        for name in ("query", "key", "value"):
            at[name] = linear(h, f"self_attn.{name[0]}_proj")
        for name in ("query", "key"):
            at[f"{name}.rope"] = exact.rope(at[name], angle)
        attended = attend(at["query.rope"], at["key.rope"], at["value"], d, hidden, exact)
        at["attention"], at["attention.pattern"] = attended
        at["output"] = linear(at["attention"], "self_attn.o_proj")
        x = at["attention.residual"] = exact.add(x, at["output"])
        h = at["mlp.norm"] = exact.norm(x, w("post_attention_layernorm"), eps)
        at["gate"], at["up"] = linear(h, "mlp.gate_proj"), linear(h, "mlp.up_proj")
        at["gate.silu"] = exact.silu(at["gate"])
        at["hidden"] = exact.mul(at["gate.silu"], at["up"])
        at["down"] = linear(at["hidden"], "mlp.down_proj")
        x = at["mlp.residual"] = exact.add(x, at["down"])
        yield from ((f"layers.{i}.{name}", value) for name, value in at.items())
    yield "norm", (h := exact.norm(x, weights["model.norm.weight"], eps))
    head = "model.embed_tokens.weight" if config.get("tie_word_embeddings") else "lm_head.weight"
    yield "logits", exact.linear(h, weights[head], None)


def disagreement(ours: Array, theirs: Array) -> float:
    """Largest difference of an element, relative to the norm of the row it is in. [..., C] each."""
    if ours.shape != theirs.shape:
        raise ValueError(f"shapes {ours.shape} and {theirs.shape}")
    return float((abs(ours - theirs).max(-1) / numpy.linalg.norm(theirs, axis=-1)).max())
