"""What `tramontane synth` must write, and what a model of 7 billion weights must then say: both from the recipe alone.

    python make.py vectors           vectors.json: some elements of the tensors of a small config, every strategy
    python make.py seven-billion     seven-billion.json: logits after one token, float64 (minutes, 1 GB of memory)

Computed by NumPy from docs/spec.md [synth]; no file and no line of the engine enters. The logits of the small config are
those of ../oracle.py, with which transformers in float64 agrees.
"""

import json
import math
import pathlib
import sys

import numpy
import torch
from transformers import AutoConfig

from recipe import Checkpoint, draws, key

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

import float64  # noqa: E402
import oracle  # noqa: E402

SMALL = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "vocab_size": 301,
    "hidden_size": 144,
    "intermediate_size": 272,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 36,
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "sliding_window": None,
    "max_position_embeddings": 64,
    "tie_word_embeddings": False,
}
# Mistral 7B Instruct v0.2.
SEVEN_BILLION = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-05,
    "tie_word_embeddings": False,
}
SEED = 7
TOKENS = [5, 300, 0, 77]
STRATEGIES = ("tensor", "channel", "block")
MADE = f"synth/make.py, numpy {numpy.__version__}, python {sys.version.split()[0]}"


def shapes(config: dict) -> dict[str, list[int]]:
    """Name → [rows, columns] of every linear, [D] of every norm, as Hugging Face has them."""
    d = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    width, hidden = config["hidden_size"], config["intermediate_size"]
    q, kv = config["num_attention_heads"] * d, config["num_key_value_heads"] * d
    out = {"model.embed_tokens.weight": [config["vocab_size"], width]}
    parts = {"self_attn.q_proj": [q, width], "self_attn.k_proj": [kv, width], "self_attn.v_proj": [kv, width],
             "self_attn.o_proj": [width, q], "mlp.gate_proj": [hidden, width], "mlp.up_proj": [hidden, width],
             "mlp.down_proj": [width, hidden], "input_layernorm": [width], "post_attention_layernorm": [width]}
    for i in range(config["num_hidden_layers"]):
        out.update({f"model.layers.{i}.{part}.weight": shape for part, shape in parts.items()})
    return {**out, "model.norm.weight": [width], "lm_head.weight": [config["vocab_size"], width]}


def samples(seed: int, strategy: str) -> dict:
    """Of every tensor the first and last few numbers as stored (an odd count, so that halves of words show)."""
    made = Checkpoint(SMALL, seed, strategy)
    out = {}
    for name, shape in shapes(SMALL).items():
        rows, columns = shape if len(shape) == 2 else (1, shape[0])
        numbers = made.stored(name, columns, 0, rows)
        out[name] = {"shape": shape, "first": numbers[:5].tolist(), "last": numbers[-3:].tolist()}
        if "_proj" in name:
            scales = made.scales(name, rows, columns)
            out[f"{name}_scale"] = {
                "shape": list(scales.shape),
                "first": scales.reshape(-1)[:5].tolist(),
                "last": scales.reshape(-1)[-3:].tolist(),
            }
    return out


def embedding(start: int, stop: int) -> dict:
    """Numbers far into an embedding of many rows, where a writer may have begun another piece."""
    made = Checkpoint(SMALL, SEED, "channel")
    numbers = made.unit[draws("model.embed_tokens.weight", SEED, start - 1, stop + 1)][1:-1]
    return {"first": start, "numbers": numbers.tolist()}


def last_logits(seed: int, strategy: str) -> list[float]:
    """Of the small config after all tokens, [V], by the oracle and by transformers."""
    made, weights = Checkpoint(SMALL, seed, strategy), {}
    for name, shape in shapes(SMALL).items():
        if "_proj" in name:
            weights[name] = made.linear(name, *shape, 0, shape[0])
        else:
            weights[name] = made.stored(name, shape[-1], 0, shape[0] if len(shape) == 2 else 1).reshape(shape)
    logits = oracle.forward(SMALL, weights, TOKENS)["logits"]
    config = AutoConfig.for_model(**SMALL)
    model = float64.build(config, {name: torch.tensor(weight) for name, weight in weights.items()})
    theirs = float64.run(model, TOKENS)[0]["logits"].numpy()
    assert oracle.disagreement(logits, theirs) < 1e-12
    return logits[-1].tolist()


def vectors() -> None:
    """Halves beyond the first 2³² words, and keys of a large seed, too: nobody checks them by writing such a file."""
    large = 2**53 - 1
    name = "model.layers.1.mlp.up_proj.weight"
    out = {
        "by": MADE,
        "config": SMALL,
        "seed": SEED,
        "keys": [{"name": name, "seed": seed, "key": key(name, seed)} for seed in (0, SEED, 2**32, large)],
        "draws": [
            {"name": name, "seed": large, "first": first, "draws": draws(name, large, first, first + 6).tolist()}
            for first in (0, 2**31 - 4, 2**33 - 4)
        ],
        "embedding": embedding(2**21 - 3, 2**21 + 3),
        "magnitudes": counts(Checkpoint(SMALL, SEED, "channel").fp8),
        "tensors": {strategy: samples(SEED, strategy) for strategy in STRATEGIES},
        "tokens": TOKENS,
        "logits": {strategy: last_logits(SEED, strategy) for strategy in STRATEGIES},
    }
    (HERE / "vectors.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


def counts(table: numpy.ndarray) -> list[int]:
    """How many of the 65,536 draws give each magnitude of E4M3, smallest first; both signs have as many."""
    values, numbers = numpy.unique(abs(table), return_counts=True)
    return [[float(v), int(n)] for v, n in zip(values, numbers)]


def norm(x: numpy.ndarray, weight: numpy.ndarray, eps: float) -> numpy.ndarray:
    return x / math.sqrt((x * x).mean() + eps) * weight


def product(made: Checkpoint, name: str, shape: list[int], x: numpy.ndarray) -> numpy.ndarray:
    """[K] → [N], some rows of the weight at a time."""
    rows, columns = shape
    step = max(1, 2**22 // columns)
    read = made.linear if "_proj" in name else lambda n, _r, c, a, b: made.stored(n, c, a, b).reshape(-1, c)
    return numpy.concatenate(
        [read(name, rows, columns, at, min(at + step, rows)) @ x for at in range(0, rows, step)]
    )


def first_token(config: dict, seed: int, strategy: str, token: int) -> numpy.ndarray:
    """Logits [V] after one token. At position 0 RoPE turns by nothing, and attention gives the value itself."""
    made, shape, eps = Checkpoint(config, seed, strategy), shapes(config), config["rms_norm_eps"]
    vector = lambda name: made.stored(name, shape[name][0], 0, 1)
    x = made.stored("model.embed_tokens.weight", config["hidden_size"], token, token + 1)
    for i in range(config["num_hidden_layers"]):
        at = f"model.layers.{i}."
        linear = lambda part, v: product(made, f"{at}{part}.weight", shape[f"{at}{part}.weight"], v)
        value = linear("self_attn.v_proj", norm(x, vector(f"{at}input_layernorm.weight"), eps))
        groups = config["num_key_value_heads"]
        mixed = value.reshape(groups, -1).repeat(config["num_attention_heads"] // groups, axis=0).reshape(-1)
        x = x + linear("self_attn.o_proj", mixed)
        h = norm(x, vector(f"{at}post_attention_layernorm.weight"), eps)
        gate = linear("mlp.gate_proj", h)
        x = x + linear("mlp.down_proj", gate / (1 + numpy.exp(-gate)) * linear("mlp.up_proj", h))
        print(f"layer {i}: root mean square {math.sqrt((x * x).mean()):.3f}", file=sys.stderr)
    h = norm(x, vector("model.norm.weight"), eps)
    return product(made, "lm_head.weight", shape["lm_head.weight"], h)


def seven_billion() -> None:
    """Every 125th logit, the norm of all, and the largest."""
    logits = first_token(SEVEN_BILLION, 0, "channel", 1)
    out = {
        "by": MADE,
        "precision": "float64",
        "config": SEVEN_BILLION,
        "seed": 0,
        "strategy": "channel",
        "tokens": [1],
        "norm": float(numpy.linalg.norm(logits)),
        "largest": int(logits.argmax()),
        "every": 125,
        "logits": logits[::125].tolist(),
    }
    (HERE / "seven-billion.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    {"vectors": vectors, "seven-billion": seven_billion}[sys.argv[1]]()
