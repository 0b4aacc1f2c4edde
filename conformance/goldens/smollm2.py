"""What is kept of a real model's logits: all at a few positions, the largest 32 and the log-sum-exp at every one."""

import pathlib
from dataclasses import dataclass

import numpy
import torch
import transformers

TOP = 32
LONG = (pathlib.Path(__file__).resolve().parent / "smollm2" / "long.txt").read_text()


@dataclass(frozen=True)
class Text:
    text: str
    # Allowed numbers of tokens: too few make a poor golden, too many a large one.
    tokens: range = range(40, 49)
    # Positions at which all logits are kept, the last among them.
    full: int = 8
    # Of the model only this many layers, followed by its last norm and its logits; all of it without.
    layers: int | None = None


TEXTS = {
    "english": Text(
        "The lighthouse keeper climbed the stairs twice a day for thirty years, and every evening he wrote down the "
        "weather, the names of the ships that passed, and whatever he had been thinking about since the sun came up."
    ),
    "code": Text(
        "def fibonacci(n):\n"
        '    """The n-th Fibonacci number."""\n'
        "    a, b = 0, 1\n"
        "    for _ in range(n):\n"
        "        a, b = b, a + b\n"
        "    return a"
    ),
    "script": Text("Привет, мир! こんにちは、世界。 שלום 🌍 नमस्ते 🚀✨"),
    "long": Text(LONG, tokens=range(600, 601)),
    "long-two-layers": Text(LONG, tokens=range(600, 601), full=1, layers=2),
}


def tokens(tokenizer: transformers.PreTrainedTokenizerBase, text: Text) -> list[int]:
    """The text alone, without template."""
    ids = tokenizer(text.text, add_special_tokens=False)["input_ids"]
    assert len(ids) in text.tokens, f"{text.text[:20]!r}... has {len(ids)} tokens, expected {text.tokens}"
    return ids


def first_layers(weights: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """The weights of a model that ends after some layers."""
    later = lambda name: name.startswith("model.layers.") and int(name.split(".")[2]) >= layers
    return {name: value for name, value in weights.items() if not later(name)}


def golden(ids: list[int], logits: numpy.ndarray, full: int) -> dict[str, numpy.ndarray]:
    """logits [T, V] → the tensors of one file."""
    positions = numpy.linspace(len(ids) - 1, 0, full)[::-1].round().astype(numpy.int32)
    order = numpy.argsort(-logits, axis=-1, kind="stable")[:, :TOP]
    largest = logits.max(-1)
    return {
        "tokens": numpy.array(ids, numpy.int32),
        "positions": positions,
        "logits": logits[positions],
        "top.ids": order.astype(numpy.int32),
        "top.logits": numpy.take_along_axis(logits, order, -1),
        "logsumexp": largest + numpy.log(numpy.exp(logits - largest[:, None]).sum(-1)),
    }
