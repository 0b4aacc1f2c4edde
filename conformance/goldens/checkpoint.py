"""Checkpoint folders as float64, and safetensors files whose bytes depend on nothing but their contents.

Reads what Hugging Face, compressed-tensors, AutoFP8, fbgemm, ModelOpt, torchao, DeepSeek and Mistral write: whatever
the folder, the answer is a Hugging Face config and float64 weights under Hugging Face names.
"""

import hashlib
import json
import pathlib
import re

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import save

FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)
BLOCK = 128

# Every spelling → Hugging Face's name of the module, `weight` for codes and `weight_scale` for what multiplies them.
SPELLINGS = [
    (r"\._weight_qdata$", ".weight"),
    (r"\.(weight_scale_inv|_weight_scale|qscale_weight)$", ".weight_scale"),
    (r"^layers\.(\d+)\.attention\.w([qkvo])\.", r"model.layers.\1.self_attn.\2_proj."),
    (r"^layers\.(\d+)\.feed_forward\.w1\.", r"model.layers.\1.mlp.gate_proj."),
    (r"^layers\.(\d+)\.feed_forward\.w2\.", r"model.layers.\1.mlp.down_proj."),
    (r"^layers\.(\d+)\.feed_forward\.w3\.", r"model.layers.\1.mlp.up_proj."),
    (r"^layers\.(\d+)\.attention_norm\.", r"model.layers.\1.input_layernorm."),
    (r"^layers\.(\d+)\.ffn_norm\.", r"model.layers.\1.post_attention_layernorm."),
    (r"^tok_embeddings\.", "model.embed_tokens."),
    (r"^norm\.", "model.norm."),
    (r"^output\.", "lm_head."),
]
# Scales of activations and of the cache: nothing that multiplies a weight.
UNUSED = re.compile(r"\.(input_scale|activation_scale|qscale_act|k_scale|v_scale)$")

# params.json → config.json. Native files have no word for the rest.
PARAMS = {
    "dim": "hidden_size", "n_layers": "num_hidden_layers", "head_dim": "head_dim", "hidden_dim": "intermediate_size",
    "n_heads": "num_attention_heads", "n_kv_heads": "num_key_value_heads", "norm_eps": "rms_norm_eps",
    "vocab_size": "vocab_size", "rope_theta": "rope_theta", "sliding_window": "sliding_window",
}  # fmt: skip


def is_native(folder: pathlib.Path) -> bool:
    return (folder / "params.json").exists()


def read_config(folder: pathlib.Path) -> dict:
    """config.json, or params.json in its words."""
    if not is_native(folder):
        return json.loads((folder / "config.json").read_text())
    params = json.loads((folder / "params.json").read_text())
    known = {theirs: params[ours] for ours, theirs in PARAMS.items() if ours in params}
    return {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": None, **known}


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The one file of a checkpoint, or the shards that its index names, by name."""
    if is_native(folder):
        return [folder / "consolidated.safetensors"]
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return [folder / "model.safetensors"]
    return [folder / name for name in sorted(set(json.loads(index.read_text())["weight_map"].values()))]


def sha256(folder: pathlib.Path) -> str:
    """Of the weight files' bytes, one after the other: says which weights a golden belongs to."""
    digest = hashlib.sha256()
    for file in files(folder):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def read_stored(folder: pathlib.Path) -> dict[str, torch.Tensor]:
    """Every tensor of a folder as it is stored."""
    stored = {}
    for file in files(folder):
        with safe_open(file, framework="pt") as reader:
            stored.update({name: reader.get_tensor(name) for name in reader.keys()})
    return stored


def spelled(name: str) -> str:
    for theirs, ours in SPELLINGS:
        name = re.sub(theirs, ours, name)
    return name


def read_float64(folder: pathlib.Path) -> dict[str, torch.Tensor]:
    """Weights by their Hugging Face names, and with their rows in Hugging Face's order, in float64, exactly."""
    weights = decoded(folder)
    return halves(weights, read_config(folder)) if is_native(folder) else weights


def decoded(folder: pathlib.Path) -> dict[str, torch.Tensor]:
    """The same with rows as they are stored. An fp8 weight is its code's value times its scale."""
    stored = {spelled(name): value for name, value in read_stored(folder).items() if not UNUSED.search(name)}
    names = [name for name in stored if not name.endswith("_scale")]
    return {name: exact(name, stored[name], stored.get(f"{name}_scale")) for name in names}


def exact(name: str, value: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
    """[N, K] and its scale → float64: a code has 4 bits, a scale at most 24, the product is exact."""
    if (value.dtype in FP8) != (scale is not None):
        raise ValueError(f"{name}: {value.dtype} {'without' if scale is None else 'with'} a scale")
    if scale is None:
        return value.to(torch.float64)
    return value.to(torch.float64) * expanded(name, scale.to(torch.float64), *value.shape)


def expanded(name: str, scale: torch.Tensor, n: int, k: int) -> torch.Tensor:
    """One scale, one per row, or one per block of 128 x 128 → something that multiplies [N, K] element by element."""
    shape, blocks = list(scale.shape), [-(-n // BLOCK), -(-k // BLOCK)]
    if shape in ([], [1], [1, 1], [n, 1]):
        return scale
    if shape == [n]:
        return scale[:, None]
    if shape == blocks:
        return scale.repeat_interleave(BLOCK, 0)[:n].repeat_interleave(BLOCK, 1)[:, :k]
    raise ValueError(f"{name}: scale is {shape}, expected [], [1], [{n}], [{n}, 1] or {blocks}")


def halves(weights: dict[str, torch.Tensor], config: dict) -> dict[str, torch.Tensor]:
    """RoPE turns neighbouring rows of a head in native checkpoints and its halves in Hugging Face's: reorder rows."""
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    out = dict(weights)
    for name, value in weights.items():
        count = heads.get(name.split(".")[-2])
        if count is not None:
            rows, width = value.shape
            out[name] = value.view(count, rows // count // 2, 2, width).transpose(1, 2).reshape(rows, width)
    return out


def safetensors_bytes(tensors: dict[str, torch.Tensor | numpy.ndarray], metadata: dict[str, str]) -> bytes:
    """safetensors writes metadata in an order that differs from run to run: sort it, in the same space."""
    data = save({name: torch.as_tensor(value).contiguous() for name, value in tensors.items()}, metadata)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    if len(text) > size:
        raise ValueError(f"sorted header takes {len(text)} bytes, the file has {size}")
    return data[:8] + text.ljust(size) + data[8 + size :]
