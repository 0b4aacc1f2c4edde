"""The whole forward pass once more, in plain NumPy float64, sharing nothing with PyTorch or transformers."""

import numpy

Array = numpy.ndarray


def norm(x: Array, weight: Array, eps: float) -> Array:
    return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def rope(x: Array, d: int, theta: float) -> Array:
    """[T, heads * d] → the same, the pair (k, k + d/2) of each head turned by position * theta^(-2k/d)."""
    angle = numpy.arange(len(x))[:, None, None] * theta ** (-2.0 * numpy.arange(d // 2) / d)
    a, b = numpy.split(x.reshape(len(x), -1, d), 2, axis=-1)
    cos, sin = numpy.cos(angle), numpy.sin(angle)
    return numpy.concatenate((a * cos - b * sin, b * cos + a * sin), axis=-1).reshape(x.shape)


def pattern(query: Array, key: Array, heads: int, groups: int, window: int | None) -> Array:
    """[T, H * d] and [T, G * d] → [H, T, T]: query i sees key j when 0 <= i - j < window."""
    t, d = len(query), query.shape[1] // heads
    q, k = query.reshape(t, heads, d), key.reshape(t, groups, d).repeat(heads // groups, axis=1)
    scores = numpy.einsum("ihd,jhd->hij", q, k) / numpy.sqrt(d)
    distance = numpy.arange(t)[:, None] - numpy.arange(t)
    scores[:, (distance < 0) | (distance >= (window or t))] = -numpy.inf
    weights = numpy.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def forward(config: dict, weights: dict[str, Array], tokens: list[int]) -> dict[str, Array]:
    """Activations by node name: [T, C] each, patterns [H, T, T]. `config` is config.json, `weights` are float64."""
    heads, groups, eps = config["num_attention_heads"], config["num_key_value_heads"], config["rms_norm_eps"]
    d = config.get("head_dim") or config["hidden_size"] // heads
    theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
    out = {"embedding": (x := weights["model.embed_tokens.weight"][tokens])}
    for i in range(config["num_hidden_layers"]):
        w = lambda name: weights[f"model.layers.{i}.{name}.weight"]
        at = {"attention.norm": (h := norm(x, w("input_layernorm"), eps))}
        for name in ("query", "key", "value"):
            at[name] = h @ w(f"self_attn.{name[0]}_proj").T
        at["query.rope"], at["key.rope"] = rope(at["query"], d, theta), rope(at["key"], d, theta)
        p = pattern(at["query.rope"], at["key.rope"], heads, groups, config.get("sliding_window"))
        at["attention.pattern"] = p
        v = at["value"].reshape(len(x), groups, d).repeat(heads // groups, axis=1)
        at["attention"] = numpy.einsum("hij,jhd->ihd", p, v).reshape(len(x), heads * d)
        at["output"] = at["attention"] @ w("self_attn.o_proj").T
        x = at["attention.residual"] = x + at["output"]
        h = at["mlp.norm"] = norm(x, w("post_attention_layernorm"), eps)
        at["gate"], at["up"] = h @ w("mlp.gate_proj").T, h @ w("mlp.up_proj").T
        at["gate.silu"] = at["gate"] / (1 + numpy.exp(-at["gate"]))
        at["hidden"] = at["gate.silu"] * at["up"]
        at["down"] = at["hidden"] @ w("mlp.down_proj").T
        x = at["mlp.residual"] = x + at["down"]
        out.update({f"layers.{i}.{name}": value for name, value in at.items()})
    out["norm"] = norm(x, weights["model.norm.weight"], eps)
    head = "model.embed_tokens.weight" if config.get("tie_word_embeddings") else "lm_head.weight"
    out["logits"] = out["norm"] @ weights[head].T
    return out


def disagreement(ours: Array, theirs: Array) -> float:
    """Largest difference of an element, relative to the norm of the row it is in. [..., C] each."""
    if ours.shape != theirs.shape:
        raise ValueError(f"shapes {ours.shape} and {theirs.shape}")
    return float((abs(ours - theirs).max(-1) / numpy.linalg.norm(theirs, axis=-1)).max())
