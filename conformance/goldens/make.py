"""Golden activations of transformers in float64.

    python make.py tiny                  the tiny checkpoints and all their activations
    python make.py smollm2 MODEL_DIR     logits of a Llama checkpoint folder on four texts
    python make.py check MODEL_DIR       makes all of it anew elsewhere and compares: 1 and the first difference, or 0

Nothing is written before every floating tensor of the pass was seen to be float64, the attention patterns had exactly
the window's shape, and a second forward pass in plain NumPy (oracle.py) agreed.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy
import torch
import transformers
from transformers import AutoConfig, PreTrainedConfig

import float64
import oracle
import smollm2
import stock
import tiny
from checkpoint import decoded, read_config, read_float64, safetensors_bytes, sha256
from compare import compare

HERE = pathlib.Path(__file__).resolve().parent
AGREEMENT = 1e-12
Weights = dict[str, torch.Tensor]


def provenance(command: str, **more: str) -> dict[str, str]:
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "numpy": numpy.__version__}
    return {"generator": f"conformance/goldens/make.py {command}", "precision": "float64", **versions, **more}


def activations(
    config: PreTrainedConfig, raw: dict, weights: Weights, tokens: list[int]
) -> tuple[dict[str, numpy.ndarray], str]:
    """What transformers computes, checked, and a line that says what the checks showed. `raw` is the config.json."""
    result, floating = float64.run(float64.build(config, weights), tokens)
    theirs = {name: value.numpy() for name, value in result.items()}
    check_window(theirs, raw.get("sliding_window"))
    worst, node = check_agreement(oracle.steps(raw, as_arrays(weights), tokens), theirs)
    return theirs, f"{floating} floating tensors, all float64; NumPy differs by at most {worst:.1e} (in {node})"


def as_arrays(weights: Weights) -> dict[str, numpy.ndarray]:
    return {name: value.numpy() for name, value in weights.items()}


def check_window(values: dict[str, numpy.ndarray], window: int | None) -> None:
    """Query i sees key j when 0 <= i - j < window, and no other."""
    for name, pattern in values.items():
        if name.endswith(".pattern"):
            distance = numpy.arange(pattern.shape[1])[:, None] - numpy.arange(pattern.shape[2])
            visible = (distance >= 0) & (distance < (window or pattern.shape[2]))
            assert ((pattern > 0) == visible).all(), f"{name}: visible keys are not those of window {window}"


def check_agreement(ours: Iterator[tuple[str, numpy.ndarray]], theirs: dict[str, numpy.ndarray]) -> tuple[float, str]:
    """The largest difference of any row and the node it is in."""
    distances = {name: oracle.disagreement(value, theirs[name]) for name, value in ours}
    assert set(distances) == set(theirs), f"names differ: {sorted(set(distances) ^ set(theirs))}"
    for name, distance in distances.items():
        assert distance <= AGREEMENT, f"{name}: NumPy differs by {distance:.1e} of a row's norm"
    return max((distance, name) for name, distance in distances.items())


def check_branches(raw: dict) -> str:
    """That a llama3 scaling has frequencies of all three kinds; says how many."""
    rope = oracle.rope_parameters(raw)
    if rope["rope_type"] != "llama3":
        return ""
    plain = oracle.frequencies({**rope, "rope_type": "default"}, raw["head_dim"])
    ratio = oracle.frequencies(rope, raw["head_dim"]) / plain
    stay, slow = ratio == 1, abs(ratio * rope["factor"] - 1) < 1e-12
    counts = [int(x.sum()) for x in (stay, ~(stay | slow), slow)]
    assert all(counts), f"llama3: {counts} frequencies stay, are mixed, slow down; expected some of each"
    return "; {} frequencies stay, {} are mixed, {} slow down".format(*counts)


@dataclass(frozen=True)
class Made:
    """What the folder of a golden holds."""

    weights: Weights
    logits: numpy.ndarray


def check_layout(one: tiny.Tiny, folder: pathlib.Path, first: Made) -> str:
    """Another spelling of numbers whose golden there is: decoded, they are the same to the last bit."""
    weights = read_float64(folder)
    assert set(weights) == set(first.weights), f"{one.name}: names differ: {sorted(set(weights) ^ set(first.weights))}"
    unequal = [name for name in weights if not torch.equal(weights[name], first.weights[name])]
    assert not unequal, f"{one.name}: {unequal[0]} is not what {one.golden} has"
    told = f"the same {len(weights)} weights as {one.golden}"
    return told + (check_native(one, folder, first) if one.native else stock.check(folder, one, weights))


def check_native(one: tiny.Tiny, folder: pathlib.Path, first: Made) -> str:
    """Rows as they are stored, turned as Mistral's own code turns them, give the logits of the golden."""
    raw = read_config(folder)
    wrong = [key for key in raw if key in one.config and raw[key] != one.config[key]]
    assert not wrong, f"{one.name}: params.json says otherwise of {wrong[0]}"
    values = oracle.forward(raw, as_arrays(decoded(folder)), tiny.tokens(one), oracle.Neighbours())
    distance = oracle.disagreement(values["logits"], first.logits)
    assert distance <= AGREEMENT, f"{one.name}: RoPE of neighbours differs by {distance:.1e} of the row's norm"
    return f"; RoPE of neighbours in stored order gives the golden's logits within {distance:.1e}"


def make_tiny(target: pathlib.Path) -> None:
    made: dict[str, Made] = {}
    for one in tiny.CHECKPOINTS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            tiny.write(one, folder)
            if one.own:
                made[one.name], checks = make_golden(one, folder)
            else:
                checks = check_layout(one, folder, made[one.golden])
            (target / one.name).mkdir(parents=True, exist_ok=True)
            for file in folder.iterdir():
                shutil.copyfile(file, target / one.name / file.name)
            size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"tiny/{one.name}: {size:,} bytes; {checks}", flush=True)
    entries = ",\n  ".join(json.dumps(one.entry()) for one in tiny.CHECKPOINTS)
    (target / "index.json").write_text(f"[\n  {entries}\n]\n")


def make_golden(one: tiny.Tiny, folder: pathlib.Path) -> tuple[Made, str]:
    tokens, raw, weights = tiny.tokens(one), read_config(folder), read_float64(folder)
    values, checks = activations(AutoConfig.from_pretrained(folder), raw, weights, tokens)
    checks += check_branches(raw) + stock.check_logits(folder, tokens, values["logits"])
    content = {**values, "tokens": numpy.array(tokens, numpy.int32)}
    golden = safetensors_bytes(content, provenance("tiny", seed=str(one.seed)))
    (folder / "golden.safetensors").write_bytes(golden)
    return Made(weights, values["logits"]), checks


def make_smollm2(model: pathlib.Path, target: pathlib.Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    digest, weights = sha256(model), read_float64(model)
    target.mkdir(exist_ok=True, parents=True)
    for name, text in smollm2.TEXTS.items():
        config, raw = AutoConfig.from_pretrained(model), read_config(model)
        config.num_hidden_layers = raw["num_hidden_layers"] = text.layers or raw["num_hidden_layers"]
        some = smollm2.first_layers(weights, raw["num_hidden_layers"])
        tokens = smollm2.tokens(tokenizer, text)
        values, checks = activations(config, raw, some, tokens)
        layers = {} if text.layers is None else {"layers": str(text.layers)}
        metadata = provenance("smollm2", text=text.text, weights_sha256=digest, **layers)
        golden = smollm2.golden(tokens, values["logits"], text.full)
        (target / f"{name}.safetensors").write_bytes(safetensors_bytes(golden, metadata))
        print(f"smollm2/{name}: {len(tokens)} tokens; {checks}", flush=True)


def check(model: pathlib.Path) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        made = pathlib.Path(scratch)
        make_tiny(made / "tiny")
        make_smollm2(model, made / "smollm2")
        difference = compare(HERE, made)
    print(difference or "ok: all inputs are the same bytes, all outputs within 1e-12 of each row's norm")
    return 1 if difference else 0


def main() -> int:
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)  # the order of a sum must not depend on the number of cores
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tiny")
    for command in ("smollm2", "check"):
        commands.add_parser(command).add_argument("model_dir", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "check":
        return check(options.model_dir)
    if options.command == "tiny":
        make_tiny(HERE / "tiny")
    else:
        make_smollm2(options.model_dir, HERE / "smollm2")
    return 0


if __name__ == "__main__":
    sys.exit(main())
