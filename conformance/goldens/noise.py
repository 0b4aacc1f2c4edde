"""Noise floors: how far a right computation may stray from float64 when each of its operations rounds.

    python noise.py tiny [NAME ...]              every node of the tiny models
    python noise.py smollm2 MODEL_DIR [TEXT ...] the logits of the real model

The forward pass of oracle.py runs many times with every operation rounded and every sum in a random order (rounded.py).
What is kept is, by node, the 99.9th percentile over rows and trials of the row error max_c|d| / ||row||. Seeded. The
numbers of a profile are those of conformance/src/bound/precision.ts, and a test compares them.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import ml_dtypes
import numpy
import torch
from safetensors import safe_open

from checkpoint import FP8, read_config, read_float64, read_stored, spelled
from oracle import Array, Exact, forward, steps
from rounded import PROFILES, Either, EitherFast, EitherLong, Profile, Rounded
from smollm2 import TEXTS, first_layers

HERE = pathlib.Path(__file__).resolve().parent
PERCENTILE = 99.9
# Tokens of a text whose every logit can be computed in every trial.
SHORT = 100


@dataclass(frozen=True)
class Job:
    """How one golden is tried: `values` computes what is compared, `either` rounds up or down."""

    seed: int
    trials: int
    either: type[Either] = Either
    values: Callable[..., dict[str, Array]] = forward


def prepared(config: dict, weights: dict[str, Array], stored: dict[str, torch.dtype], profile: Profile):
    """Weights of linears that bf16 cannot hold are rounded to it; codes of fp8 are exact, their scale comes after."""
    config, weights = dict(config), dict(weights)
    if config.get("tie_word_embeddings"):
        config["tie_word_embeddings"] = False
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
        stored = {**stored, "lm_head.weight": stored["model.embed_tokens.weight"]}
    for name, value in weights.items():
        linear = value.ndim == 2 and name != "model.embed_tokens.weight"
        if profile.operand is not None and linear and stored[name] not in (torch.bfloat16, *FP8):
            weights[name] = value.astype(ml_dtypes.bfloat16).astype(numpy.float64)
    return config, weights


def row_errors(found: Array, expected: Array) -> Array:
    """[..., C] each → one number a row."""
    return (abs(found - expected).max(-1) / numpy.linalg.norm(expected, axis=-1)).reshape(-1)


def logits(config: dict, weights: dict[str, Array], tokens: list[int], exact: Exact) -> dict[str, Array]:
    """Of all tokens; of every 13th in a long text. Keeps no other activations."""
    last = next(value for name, value in steps(config, weights, tokens, exact) if name == "norm")
    step = 1 if len(tokens) <= SHORT else 13
    head = "model.embed_tokens.weight" if config.get("tie_word_embeddings") else "lm_head.weight"
    return {"logits": exact.linear(last[::-step][::-1], weights[head], None)}


def floors(config: dict, weights: dict, stored: dict, tokens: list[int], job: Job) -> dict:
    """Profile → its numbers and the floor of every node that `job.values` gives."""
    truth = job.values(config, weights, tokens, Exact())
    names = [name for name in truth if name != "embedding"]
    out = {}
    for label, profile in PROFILES.items():
        seen = {name: [] for name in names}
        ready = prepared(config, weights, stored, profile)
        for trial in range(job.trials):
            random = numpy.random.Generator(numpy.random.PCG64([job.seed, trial, zlib.crc32(label.encode())]))
            values = job.values(*ready, tokens, (job.either if label == "webgpu" else Rounded)(profile, random))
            for name in names:
                seen[name].append(row_errors(values[name], truth[name]))
        nodes = {name: up(numpy.percentile(numpy.concatenate(errors), PERCENTILE)) for name, errors in seen.items()}
        out[label] = {"precision": dataclasses.asdict(profile), "nodes": nodes}
    return out


def read(folder: pathlib.Path) -> tuple[dict, dict[str, Array], dict[str, torch.dtype]]:
    """config, weights, and how each was stored."""
    weights = {name: value.numpy() for name, value in read_float64(folder).items()}
    return read_config(folder), weights, {spelled(name): value.dtype for name, value in read_stored(folder).items()}


def up(value: float) -> float:
    """Four digits, towards more."""
    return float(f"{value * 1.0005:.3e}")


def write(file: pathlib.Path, command: str, tokens: list[int], job: Job, profiles: dict) -> None:
    content = {
        "generator": f"conformance/goldens/noise.py {command}",
        "versions": {"numpy": numpy.__version__, "ml_dtypes": ml_dtypes.__version__},
        "metric": f"percentile {PERCENTILE} of max|d| / ||row|| over rows and trials",
        "seed": job.seed, "trials": job.trials, "tokens": len(tokens), "profiles": profiles,
    }  # fmt: skip
    file.write_text(json.dumps(content, indent=1) + "\n")
    ends = {label: (min(p["nodes"].values()), max(p["nodes"].values())) for label, p in profiles.items()}
    said = ", ".join(f"{label} {low:.1e} to {high:.1e}" for label, (low, high) in ends.items())
    print(f"{file.relative_to(HERE)}: {job.trials} trials; {said}", flush=True)


def tokens_of(golden: pathlib.Path) -> list[int]:
    with safe_open(golden, framework="np") as reader:
        return reader.get_tensor("tokens").tolist()


def make_tiny(names: list[str], trials: int) -> None:
    for golden in sorted((HERE / "tiny").glob("*/golden.safetensors")):
        folder, tokens = golden.parent, tokens_of(golden)
        if names and folder.name not in names:
            continue
        job = Job(zlib.crc32(folder.name.encode()), trials)
        write(folder / "noise.json", "tiny", tokens, job, floors(*read(folder), tokens, job))


def make_smollm2(model: pathlib.Path, texts: list[str], trials: int) -> None:
    config, weights, stored = read(model)
    for name in texts or TEXTS:
        golden = HERE / "smollm2" / f"{name}.safetensors"
        tokens, layers = tokens_of(golden), TEXTS[name].layers or config["num_hidden_layers"]
        either = EitherFast if len(tokens) <= SHORT else EitherLong
        job = Job(zlib.crc32(name.encode()), trials, either, logits)
        first = {**config, "num_hidden_layers": layers}, first_layers(weights, layers)
        write(golden.with_suffix(".noise.json"), "smollm2", tokens, job, floors(*first, stored, tokens, job))


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    tiny = commands.add_parser("tiny")
    tiny.add_argument("names", nargs="*")
    tiny.add_argument("--trials", type=int, default=200)
    smollm2 = commands.add_parser("smollm2")
    smollm2.add_argument("model_dir", type=pathlib.Path)
    smollm2.add_argument("texts", nargs="*")
    smollm2.add_argument("--trials", type=int, default=8)
    options = parser.parse_args()
    if options.command == "tiny":
        make_tiny(options.names, options.trials)
    else:
        make_smollm2(options.model_dir, options.texts, options.trials)


if __name__ == "__main__":
    sys.exit(main())
