"""Is what `tramontane synth` writes the recipe's, to the last element, and what does it then compute?

    python synth/check.py COMMAND...       such as: node packages/cli/bin/tramontane.js

For every strategy: all tensors of a small config, read by Python's safetensors, are the numbers of recipe.py; the command's
logits are those of transformers in float64 on what checkpoint.py reads. Exits 1 where something is not so.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from transformers import AutoConfig

from make import SEED, SMALL, STRATEGIES, TOKENS, shapes
from recipe import Checkpoint

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import float64  # noqa: E402
import oracle  # noqa: E402
from checkpoint import read_float64, read_stored  # noqa: E402

# [reference.2]
BOUND = 1e-11


def check_tensors(folder: pathlib.Path, strategy: str) -> list[str]:
    made, stored, wrong = Checkpoint(SMALL, SEED, strategy), read_stored(folder), []
    for name, shape in shapes(SMALL).items():
        rows, columns = shape if len(shape) == 2 else (1, shape[0])
        expected = torch.tensor(made.stored(name, columns, 0, rows)).reshape(shape)
        wrong += [] if torch.equal(stored.pop(name).double(), expected) else [name]
        if "_proj" in name:
            scales = torch.tensor(made.scales(name, rows, columns))
            wrong += [] if torch.equal(stored.pop(f"{name}_scale").double(), scales) else [f"{name}_scale"]
    return wrong + sorted(stored)


def check_logits(command: list[str], folder: pathlib.Path) -> list[str]:
    out = folder / "logits.safetensors"
    subprocess.run([*command, "logits", folder, "--ids", ",".join(map(str, TOKENS)), "--out", out], check=True)
    with safe_open(out, framework="pt") as file:
        found = file.get_tensor("logits")
    expected = float64.run(float64.build(AutoConfig.for_model(**SMALL), read_float64(folder)), TOKENS)[0]["logits"]
    distance = oracle.disagreement(found.numpy(), expected.numpy())
    print(f"{folder.name}: logits differ by {distance:.1e} of their norm")
    return [] if distance <= BOUND else ["logits"]


def main(command: list[str]) -> int:
    failures = 0
    with tempfile.TemporaryDirectory(prefix="tramontane-synth-") as scratch:
        config = pathlib.Path(scratch) / "config.json"
        config.write_text(json.dumps(SMALL))
        for strategy in STRATEGIES:
            out = pathlib.Path(scratch) / strategy
            options = ["--strategy", strategy, "--seed", str(SEED), "--shard-size", "100KB"]
            subprocess.run([*command, "synth", config, out, *options], check=True, stdout=subprocess.DEVNULL)
            wrong = check_tensors(out, strategy) + check_logits(command, out)
            print(f"{strategy}: {'ok' if not wrong else 'FAILED: ' + ', '.join(wrong)}")
            failures += bool(wrong)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
