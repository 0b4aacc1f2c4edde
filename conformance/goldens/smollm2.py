"""What is kept of a real model's logits: all at 8 positions, the largest 32 and the log-sum-exp at every one."""

import numpy
import transformers

TEXTS = {
    "english": (
        "The lighthouse keeper climbed the stairs twice a day for thirty years, and every evening he wrote down the "
        "weather, the names of the ships that passed, and whatever he had been thinking about since the sun came up."
    ),
    "code": (
        "def fibonacci(n):\n"
        '    """The n-th Fibonacci number."""\n'
        "    a, b = 0, 1\n"
        "    for _ in range(n):\n"
        "        a, b = b, a + b\n"
        "    return a"
    ),
    "script": "Привет, мир! こんにちは、世界。 שלום 🌍 नमस्ते 🚀✨",
}
FULL = 8
TOP = 32


def tokens(tokenizer: transformers.PreTrainedTokenizerBase, text: str) -> list[int]:
    """The text alone, without template; refuses a length that would make a poor or a large golden."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert 40 <= len(ids) <= 48, f"{text[:20]!r}... has {len(ids)} tokens, expected 40 to 48"
    return ids


def golden(ids: list[int], logits: numpy.ndarray) -> dict[str, numpy.ndarray]:
    """logits [T, V] → the tensors of one file."""
    positions = numpy.linspace(0, len(ids) - 1, FULL).round().astype(numpy.int32)
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
