"""Weights and tokens of tiny models from fixed seeds.

Random numbers are the raw 64-bit words of NumPy's PCG64, whose stream is fixed for good, made uniform by a shift: no
library's idea of a normal distribution enters.
"""

from collections.abc import Callable
from typing import Any

import numpy

Bits = numpy.random.PCG64

# Standard deviation of each kind of weight, times 1 / sqrt(inputs) for the linears: with these the residual stays O(1)
# and scores spread by about 2, so that attention is far from uniform.
GAINS = {"q_proj": 1.5, "k_proj": 1.5, "v_proj": 1.0, "o_proj": 1.5, "gate_proj": 1.5, "up_proj": 1.0, "down_proj": 1.5}


def uniform(bits: Bits, shape: tuple[int, ...]) -> numpy.ndarray:
    """Numbers in [-1, 1), 53 random bits each."""
    words = bits.random_raw(int(numpy.prod(shape))) >> numpy.uint64(11)
    return (words.astype(numpy.float64) * 2.0**-52 - 1).reshape(shape)


def spread(bits: Bits, shape: tuple[int, ...], deviation: float) -> numpy.ndarray:
    return uniform(bits, shape) * (3**0.5 * deviation)


def head_width(config: dict) -> int:
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def linears(config: dict) -> dict[str, tuple[int, int]]:
    """[out, in] of each linear of a layer."""
    width, hidden, d = config["hidden_size"], config["intermediate_size"], head_width(config)
    query, key = config["num_attention_heads"] * d, config["num_key_value_heads"] * d
    return {
        "self_attn.q_proj": (query, width), "self_attn.k_proj": (key, width), "self_attn.v_proj": (key, width),
        "self_attn.o_proj": (width, query),
        "mlp.gate_proj": (hidden, width), "mlp.up_proj": (hidden, width), "mlp.down_proj": (width, hidden),
    }  # fmt: skip


def weights(config: dict, seed: int, linear: Callable[[Bits, numpy.ndarray], Any]) -> dict[str, Any]:
    """Float64 arrays by their Hugging Face names. What stands for a linear's weight is what `linear` makes of it."""
    bits, out = Bits(seed), {}
    width, vocabulary = config["hidden_size"], config["vocab_size"]
    biased = {"self_attn": config.get("attention_bias"), "mlp": config.get("mlp_bias")}
    deviation = 0.4 if config["tie_word_embeddings"] else 1  # tied, it makes the logits too
    out["model.embed_tokens.weight"] = spread(bits, (vocabulary, width), deviation)
    for i in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{i}"
        for name in ("input_layernorm", "post_attention_layernorm"):
            out[f"{prefix}.{name}.weight"] = 1 + 0.5 * uniform(bits, (width,))
        for name, shape in linears(config).items():
            weight = spread(bits, shape, GAINS[name.split(".")[1]] / shape[1] ** 0.5)
            out[f"{prefix}.{name}.weight"] = linear(bits, weight)
            if biased[name.split(".")[0]]:
                out[f"{prefix}.{name}.bias"] = spread(bits, shape[:1], 0.5)
    out["model.norm.weight"] = 1 + 0.5 * uniform(bits, (width,))
    if not config["tie_word_embeddings"]:
        out["lm_head.weight"] = spread(bits, (vocabulary, width), 1.5 / width**0.5)
    return out


def tokens(seed: int, count: int, vocabulary: int) -> list[int]:
    return [int(word % numpy.uint64(vocabulary)) for word in Bits(seed + 1000).random_raw(count)]
