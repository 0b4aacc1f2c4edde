"""Which hook of TransformerLens sees which activation: measured, not copied from a table.

    python -m venv lens && lens/bin/pip install transformer-lens==4.3.0 && lens/bin/python names/transformer_lens_hooks.py

TransformerLens brings many packages, hence an environment of its own. Wraps tiny/full (stock transformers, whose RMSNorm
and softmax compute in float32) in a TransformerBridge, without any processing of weights, and compares what its hooks
see with every golden activation. Writes transformer-lens.json: hook → activations that are equal within 1e-5 of a row's
norm, and the hooks without one.
"""

import importlib.metadata
import json
import pathlib
import tempfile

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent / "tiny" / "full"
BOUND = 1e-5


def bridge_of(folder: str) -> TransformerBridge:
    """The model of tiny/full, bridged. A bridge wants a tokenizer that lies in a folder; no text goes through it."""
    words = WordLevel({f"t{i}": i for i in range(97)}, unk_token="t0")
    special = {"unk_token": "t0", "bos_token": "t1", "eos_token": "t2", "pad_token": "t2"}
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), **special).save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float64, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return TransformerBridge.boot_transformers(str(MODEL), hf_model=model, tokenizer=tokenizer, dtype=torch.float64)


def equal(found: torch.Tensor, golden: dict[str, torch.Tensor]) -> list[str]:
    """Golden activations [T, C] or [H, T, T] that a value [1, ...] is, up to its shape."""
    names = [name for name, value in golden.items() if value.numel() == found.numel()]
    distance = lambda value: (found.reshape(value.shape) - value).abs().amax(-1) / value.norm(dim=-1)
    return sorted(name for name in names if distance(golden[name]).max() <= BOUND)


def main() -> None:
    golden = load_file(MODEL / "golden.safetensors")
    tokens = golden.pop("tokens").long()[None]
    with tempfile.TemporaryDirectory() as folder:
        _, cache = bridge_of(folder).run_with_cache(tokens)
    values = {name: value.double() for name, value in cache.items() if value.is_floating_point()}
    matches = {name: equal(value, golden) for name, value in values.items()}
    packages = ("transformer-lens", "torch", "transformers")
    report = {
        "generator": "conformance/goldens/names/transformer_lens_hooks.py",
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "equal": {name: names for name, names in sorted(matches.items()) if names},
        "none": sorted(name for name, names in matches.items() if not names),
    }
    (HERE / "transformer-lens.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"{len(report['equal'])} hooks with an activation, without one: {', '.join(report['none'])}")


if __name__ == "__main__":
    main()
