"""Distributions after the logits processors of transformers, in float64.

    python make.py
"""

import json
import pathlib

import numpy
import torch
import transformers
from transformers.generation import logits_process

V = 24
CASES = [
    {},
    {"temperature": 0.5},
    {"temperature": 2.0},
    {"topK": 1},
    {"topK": 5},
    {"topK": 100},
    {"topP": 0.1},
    {"topP": 0.5},
    {"topP": 0.9},
    {"topP": 0.999},
    {"minP": 0.02},
    {"minP": 0.3},
    {"minP": 1.0},
    {"repetitionPenalty": 1.3},
    {"repetitionPenalty": 0.7},
    {"temperature": 0.7, "topP": 0.8},
    {"temperature": 1.7, "topK": 7, "topP": 0.6},
    {"temperature": 1.3, "minP": 0.05, "topK": 9, "topP": 0.9},
    {"temperature": 0.9, "minP": 0.1, "topP": 0.7, "repetitionPenalty": 1.5},
    {"temperature": 1.1, "minP": 0.01, "topK": 12, "topP": 0.95, "repetitionPenalty": 1.1},
]


def distribution(logits: list[float], ids: list[int], case: dict) -> dict[int, float]:
    scores, before = torch.tensor([logits], dtype=torch.float64), torch.tensor([ids])
    order = (
        ("repetitionPenalty", logits_process.RepetitionPenaltyLogitsProcessor),
        ("temperature", logits_process.TemperatureLogitsWarper),
        ("minP", logits_process.MinPLogitsWarper),
        ("topK", logits_process.TopKLogitsWarper),
        ("topP", logits_process.TopPLogitsWarper),
    )
    for name, processor in order:
        if name in case:
            scores = processor(case[name])(before, scores)
    assert scores.dtype == torch.float64
    kept = torch.softmax(scores, -1)[0]
    return {i: float(p) for i, p in enumerate(kept) if scores[0, i] > -numpy.inf}


def main() -> None:
    words = numpy.random.PCG64(20260131).random_raw(3 * V)
    numbers = (words >> 11).astype(numpy.float64) / 2**53
    rows, cases = [], []
    for row in range(3):
        logits = [round(x, 6) for x in ((numbers[row * V : (row + 1) * V] - 0.5) * (6 + 3 * row)).tolist()]
        ids = [(5 * row + 3 * i) % V for i in range(7)] + [1, 1]
        for case in CASES:
            found = distribution(logits, ids, case)
            cases.append({"row": row, "sampling": case, "tokens": list(found), "probabilities": list(found.values())})
        rows.append({"logits": logits, "prompt": ids[:5], "generated": ids[5:]})
    made = {"by": "sampling/make.py", "transformers": transformers.__version__, "torch": torch.__version__}
    text = json.dumps({"made": made, "rows": rows, "cases": cases}, separators=(",", ":"))
    (pathlib.Path(__file__).parent / "distributions.json").write_text(text.replace('{"row"', '\n{"row"') + "\n")


if __name__ == "__main__":
    main()
