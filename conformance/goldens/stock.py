"""What transformers as it comes, nothing patched, says of the same folders: the float64 twins change no meaning."""

import pathlib

import numpy
import torch
from transformers import AutoModelForCausalLM

import oracle
import tiny


def check_logits(folder: pathlib.Path, tokens: list[int], logits: numpy.ndarray) -> str:
    """In float32 the logits are the same within 1e-5."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        found = model(input_ids=torch.tensor([tokens])).logits[0].numpy().astype(numpy.float64)
    worst = oracle.disagreement(found, logits)
    assert worst <= 1e-5, f"stock transformers differs by {worst:.1e} of a row's norm"
    return f"; stock transformers in float32 differs by {worst:.1e}"


# Layouts that transformers loads without a GPU and without another package, as bfloat16; beside compressed-tensors,
# whose folders have goldens of their own and go through check_logits.
LOADABLE = ("fp8-hf-static",)


def check(folder: pathlib.Path, one: tiny.Tiny, weights: dict[str, torch.Tensor]) -> str:
    """Where it can load a layout, its weights are ours, rounded to bfloat16."""
    if one.name not in LOADABLE:
        return ""
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).state_dict()
    wrong = [name for name in weights if not torch.equal(loaded[name], weights[name].to(torch.bfloat16))]
    assert not wrong, f"{one.name}: stock transformers has another {wrong[0]}"
    return "; the same in stock transformers, rounded to bfloat16"
