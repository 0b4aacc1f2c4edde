"""Logits of transformers in float64 while forward hooks replace activations on the way: golden values for overrides.

    python patching/make.py

The model and the tokens are those of tiny/full. What replaces is drawn from raw words of PCG64 and stored beside the
logits; `cases.json` says which values go where. A hook replaces what a module returns or what it is given, so that
nothing here knows how this project's overrides work.
"""

import json
import pathlib
import sys

import numpy
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import float64  # noqa: E402
from checkpoint import read_float64, safetensors_bytes, sha256  # noqa: E402

MODEL = HERE.parent / "tiny" / "full"
HEAD = 2  # whose share of a row is replaced in the case "head"


def numbers(bits: numpy.random.PCG64, shape: tuple[int, ...]) -> torch.Tensor:
    """Numbers in [-2, 2), 53 random bits each."""
    words = bits.random_raw(int(numpy.prod(shape))) >> numpy.uint64(11)
    return torch.from_numpy((words.astype(numpy.float64) * 2.0**-51 - 2).reshape(shape))


def replaced(value: torch.Tensor, rows: list[int] | None, new: torch.Tensor) -> torch.Tensor:
    """value [1, T, C] with some rows, or all of them, replaced by new [rows, C]."""
    out = value.clone()
    out[0, slice(None) if rows is None else rows] = new
    return out


def after(module: torch.nn.Module, rows: list[int] | None, new: torch.Tensor):
    """Replaces what a module returns."""
    return module.register_forward_hook(lambda _m, _args, result: replaced(result, rows, new))


def before(module: torch.nn.Module, rows: list[int] | None, new: torch.Tensor):
    """Replaces what a module is given."""
    return module.register_forward_pre_hook(lambda _m, args: (replaced(args[0], rows, new),))


def places(model: torch.nn.Module) -> dict[str, tuple]:
    """Node of this project → how it is replaced, on which module of transformers."""
    first, second = model.model.layers
    return {
        "embedding": (after, model.model.embed_tokens),
        "layers.0.key": (after, first.self_attn.k_proj),
        "layers.0.attention": (before, first.self_attn.o_proj),
        "layers.0.mlp.residual": (after, first),
        "layers.1.value": (after, second.self_attn.v_proj),
        "layers.1.hidden": (before, second.mlp.down_proj),
        "norm": (after, model.model.norm),
    }


CASES = {
    "head": [("layers.0.attention", [5])],
    "residual": [("layers.0.mlp.residual", [3, 9])],
    "key": [("layers.0.key", [2])],
    "value": [("layers.1.value", [12, 0])],
    "hidden": [("layers.1.hidden", None)],
    "several": [("embedding", [6]), ("layers.0.key", [0, 7]), ("norm", [11])],
}


def value_of(name: str, clean: torch.Tensor, rows: list[int] | None, bits: numpy.random.PCG64, d: int) -> torch.Tensor:
    """[rows, C]: all new, but for "head", where one head's share is new and the rest as it was."""
    kept = clean if rows is None else clean[rows]
    if name != "head":
        return numbers(bits, tuple(kept.shape))
    out = kept.clone()
    out[:, HEAD * d : (HEAD + 1) * d] = numbers(bits, (len(kept), d))
    return out


def main() -> None:
    torch.set_num_threads(1)
    config = AutoConfig.from_pretrained(MODEL)
    golden = load_file(MODEL / "golden.safetensors")
    tokens, bits = golden["tokens"].tolist(), numpy.random.PCG64(7)
    model = float64.build(config, read_float64(MODEL))
    content: dict[str, numpy.ndarray] = {}
    for name, overrides in CASES.items():
        handles = []
        for i, (node, rows) in enumerate(overrides):
            new = value_of(name, golden[node], rows, bits, config.head_dim)
            hook, module = places(model)[node]
            handles.append(hook(module, rows, new))
            content[f"{name}.{i}"] = new.numpy()
        with torch.no_grad(), float64.OnlyFloat64():
            logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0]
        for handle in handles:
            handle.remove()
        content[f"{name}.logits"] = logits.numpy()
        moved = (logits - golden["logits"]).norm(dim=-1) / golden["logits"].norm(dim=-1)
        print(f"{name}: logits move by {', '.join(f'{share:.1e}' for share in moved)} of a row's norm")
    metadata = {
        "generator": "conformance/goldens/patching/make.py", "precision": "float64", "torch": torch.__version__,
        "transformers": transformers.__version__, "numpy": numpy.__version__, "weights_sha256": sha256(MODEL),
    }  # fmt: skip
    (HERE / "golden.safetensors").write_bytes(safetensors_bytes(content, metadata))
    cases = [
        {"name": name, "overrides": [{"node": node, "rows": rows} for node, rows in overrides]}
        for name, overrides in CASES.items()
    ]
    (HERE / "cases.json").write_text(json.dumps(cases, indent=2) + "\n")


if __name__ == "__main__":
    main()
