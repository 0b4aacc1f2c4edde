"""Which module of transformers computes which activation: measured, not copied from a table.

    python names/hugging_face.py

Runs tiny/full in float64, compares what every module returns (of a tuple, the first) with every golden activation, and
writes hugging-face.json: module → activations that are equal within 1e-12 of a row's norm, and the modules without one.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import float64  # noqa: E402
from checkpoint import read_float64  # noqa: E402

MODEL = HERE.parent / "tiny" / "full"


def equal(found: torch.Tensor, golden: dict[str, torch.Tensor], bound: float) -> list[str]:
    """Golden activations [T, C] or [H, T, T] that a value [1, ...] is, up to its shape."""
    names = [name for name, value in golden.items() if value.numel() == found.numel()]
    distance = lambda value: (found.reshape(value.shape) - value).abs().amax(-1) / value.norm(dim=-1)
    return sorted(name for name in names if distance(golden[name]).max() <= bound)


def main() -> None:
    golden = load_file(MODEL / "golden.safetensors")
    tokens = golden.pop("tokens").tolist()
    model = float64.build(AutoConfig.from_pretrained(MODEL), read_float64(MODEL))
    found: dict[str, torch.Tensor] = {}

    def keep(name: str):
        first = lambda result: result[0] if isinstance(result, (tuple, list)) else result
        return lambda _module, _args, result: found.__setitem__(name, first(result))

    for name, module in model.named_modules():
        module.register_forward_hook(keep(name))
    with torch.no_grad():
        model(input_ids=torch.tensor([tokens]), use_cache=False)
    values = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    matches = {name: equal(value, golden, 1e-12) for name, value in values.items()}
    report = {
        "generator": "conformance/goldens/names/hugging_face.py",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "equal": {name: names for name, names in sorted(matches.items()) if names},
        "none": sorted(name for name, names in matches.items() if not names),
    }
    (HERE / "hugging-face.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"{len(report['equal'])} modules with an activation, without one: {', '.join(report['none'])}")


if __name__ == "__main__":
    main()
