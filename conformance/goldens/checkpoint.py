"""Checkpoint folders as float64, and safetensors files whose bytes depend on nothing but their contents."""

import hashlib
import json
import pathlib

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import save

FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The one file of a checkpoint, or the shards that its index names, by name."""
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


def read_float64(folder: pathlib.Path) -> dict[str, torch.Tensor]:
    """Weights by their Hugging Face names in float64, exactly: an fp8 weight is its code's value times its scale."""
    stored = read_stored(folder)
    names = [name for name in stored if not name.endswith("_scale")]
    return {name: exact(name, stored[name], stored.get(f"{name}_scale")) for name in names}


def exact(name: str, value: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
    """[out, in], scale [out, 1], [1] or [] → float64: a code has 4 bits, a scale at most 24, the product is exact."""
    if (value.dtype in FP8) != (scale is not None):
        raise ValueError(f"{name}: {value.dtype} {'without' if scale is None else 'with'} a scale")
    if scale is None:
        return value.to(torch.float64)
    if list(scale.shape) not in ([], [1], [value.shape[0], 1]):
        raise ValueError(f"{name}: scale is {list(scale.shape)}, expected [], [1] or [{value.shape[0]}, 1]")
    return value.to(torch.float64) * scale.to(torch.float64)


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
