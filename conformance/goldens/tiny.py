"""Three Mistral checkpoints small enough to commit with all their activations, from fixed seeds.

Random numbers are the raw 64-bit words of NumPy's PCG64, whose stream is fixed for good, made uniform by a shift: no
library's idea of a normal distribution enters.
"""

import json
import pathlib
from dataclasses import dataclass

import ml_dtypes
import numpy
import torch

from checkpoint import safetensors_bytes

TOKENS = 13

BASE = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "vocab_size": 97,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-05,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

# As llm-compressor writes it for per-channel weights and activations left alone.
FP8 = {
    "config_groups": {
        "group_0": {
            "input_activations": None,
            "output_activations": None,
            "targets": ["Linear"],
            "weights": {
                "block_structure": None,
                "dynamic": False,
                "group_size": None,
                "num_bits": 8,
                "observer": "minmax",
                "observer_kwargs": {},
                "strategy": "channel",
                "symmetric": True,
                "type": "float",
            },
        }
    },
    "format": "float-quantized",
    "ignore": ["lm_head"],
    "kv_cache_scheme": None,
    "quant_method": "compressed-tensors",
    "quantization_status": "compressed",
}


@dataclass(frozen=True)
class Tiny:
    name: str
    seed: int
    dtype: torch.dtype
    config: dict

    @property
    def fp8(self) -> bool:
        return "quantization_config" in self.config


# transformers 5 writes theta inside rope_parameters, transformers 4 beside the sizes; both kinds are about.
CHECKPOINTS = (
    Tiny("full", 20240101, torch.float32, BASE | {
        "dtype": "float32", "hidden_size": 32, "intermediate_size": 48, "head_dim": 8, "sliding_window": None,
        "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "tie_word_embeddings": False,
    }),
    Tiny("window", 20240102, torch.bfloat16, BASE | {
        "torch_dtype": "bfloat16", "hidden_size": 32, "intermediate_size": 48, "head_dim": 8, "sliding_window": 5,
        "rope_theta": 10000.0, "tie_word_embeddings": True,
    }),
    Tiny("fp8", 20240103, torch.bfloat16, BASE | {
        "torch_dtype": "bfloat16", "hidden_size": 48, "intermediate_size": 80, "head_dim": 16, "sliding_window": 5,
        "rope_theta": 1000000.0, "tie_word_embeddings": False, "quantization_config": FP8,
    }),
)  # fmt: skip

# Standard deviation of each kind of weight, times 1 / sqrt(inputs) for the linears: with these the residual stays O(1)
# and scores spread by about 2, so that attention is far from uniform.
GAINS = {"q_proj": 1.5, "k_proj": 1.5, "v_proj": 1.0, "o_proj": 1.5, "gate_proj": 1.5, "up_proj": 1.0, "down_proj": 1.5}


def uniform(bits: numpy.random.PCG64, shape: tuple[int, ...]) -> numpy.ndarray:
    """Numbers in [-1, 1), 53 random bits each."""
    words = bits.random_raw(int(numpy.prod(shape))) >> numpy.uint64(11)
    return (words.astype(numpy.float64) * 2.0**-52 - 1).reshape(shape)


def spread(bits: numpy.random.PCG64, shape: tuple[int, ...], deviation: float) -> numpy.ndarray:
    return uniform(bits, shape) * (3**0.5 * deviation)


def linears(config: dict) -> dict[str, tuple[int, int]]:
    """[out, in] of each linear of a layer."""
    width, hidden, d = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    query, key = config["num_attention_heads"] * d, config["num_key_value_heads"] * d
    return {
        "self_attn.q_proj": (query, width), "self_attn.k_proj": (key, width), "self_attn.v_proj": (key, width),
        "self_attn.o_proj": (width, query),
        "mlp.gate_proj": (hidden, width), "mlp.up_proj": (hidden, width), "mlp.down_proj": (width, hidden),
    }  # fmt: skip


def quantised(bits: numpy.random.PCG64, weight: numpy.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """[out, in] → E4M3 codes and BF16 scales [out, 1]; all 254 finite codes are strewn in, -0 and subnormals too."""
    scale = (abs(weight).max(-1, keepdims=True) / 448).astype(ml_dtypes.bfloat16)
    codes = (weight / scale.astype(numpy.float64)).clip(-448, 448).astype(ml_dtypes.float8_e4m3fn).view(numpy.uint8)
    finite = [code for code in range(256) if code & 0x7F != 0x7F]
    places = numpy.argsort(bits.random_raw(codes.size), kind="stable")[: len(finite)]
    codes.reshape(-1)[places] = finite
    stored = lambda array, dtype: torch.from_numpy(array).view(dtype)
    return stored(codes, torch.float8_e4m3fn), stored(scale.view(numpy.uint16), torch.bfloat16)


def weights(tiny: Tiny) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint, as they are stored."""
    bits, config, out = numpy.random.PCG64(tiny.seed), tiny.config, {}
    width, vocabulary = config["hidden_size"], config["vocab_size"]
    rounded = lambda value: torch.from_numpy(value).to(tiny.dtype)
    deviation = 0.4 if config["tie_word_embeddings"] else 1  # tied, it makes the logits too
    out["model.embed_tokens.weight"] = rounded(spread(bits, (vocabulary, width), deviation))
    for i in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{i}"
        for name in ("input_layernorm", "post_attention_layernorm"):
            out[f"{prefix}.{name}.weight"] = rounded(1 + 0.5 * uniform(bits, (width,)))
        for name, shape in linears(config).items():
            weight = spread(bits, shape, GAINS[name.split(".")[1]] / shape[1] ** 0.5)
            if tiny.fp8:
                pair = quantised(bits, weight)
                out[f"{prefix}.{name}.weight"], out[f"{prefix}.{name}.weight_scale"] = pair
            else:
                out[f"{prefix}.{name}.weight"] = rounded(weight)
    out["model.norm.weight"] = rounded(1 + 0.5 * uniform(bits, (width,)))
    if not config["tie_word_embeddings"]:
        out["lm_head.weight"] = rounded(spread(bits, (vocabulary, width), 1.5 / width**0.5))
    return out


def tokens(tiny: Tiny) -> list[int]:
    words = numpy.random.PCG64(tiny.seed + 1000).random_raw(TOKENS)
    return [int(word % numpy.uint64(tiny.config["vocab_size"])) for word in words]


def write(tiny: Tiny, folder: pathlib.Path) -> None:
    """config.json and model.safetensors of a checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(tiny.config, indent=2) + "\n")
    (folder / "model.safetensors").write_bytes(safetensors_bytes(weights(tiny), {"format": "pt"}))
