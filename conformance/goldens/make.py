"""Golden activations of transformers in float64.

    python make.py tiny                  the three tiny checkpoints and all their activations
    python make.py smollm2 MODEL_DIR     logits of a Llama checkpoint folder on three texts

Nothing is written before every floating tensor of the pass was seen to be float64, the attention patterns had exactly
the window's shape, and a second forward pass in plain NumPy (oracle.py) agreed.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

import float64
import oracle
import smollm2
import tiny
from checkpoint import read_float64, safetensors_bytes, sha256

HERE = pathlib.Path(__file__).resolve().parent
AGREEMENT = 1e-12


def provenance(command: str, **more: str) -> dict[str, str]:
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "numpy": numpy.__version__}
    return {"generator": f"conformance/goldens/make.py {command}", "precision": "float64", **versions, **more}


def activations(folder: pathlib.Path, tokens: list[int]) -> tuple[dict[str, numpy.ndarray], str]:
    """What transformers computes on a checkpoint folder, checked, and a line that says what the checks showed."""
    config = AutoConfig.from_pretrained(folder)
    weights = read_float64(folder)
    result, floating = float64.run(float64.build(config, weights), tokens)
    theirs = {name: value.numpy() for name, value in result.items()}
    check_window(theirs, getattr(config, "sliding_window", None))
    raw = json.loads((folder / "config.json").read_text())
    ours = oracle.forward(raw, {name: value.numpy() for name, value in weights.items()}, tokens)
    worst, node = check_agreement(ours, theirs)
    return theirs, f"{floating} floating tensors, all float64; NumPy differs by at most {worst:.1e} (in {node})"


def check_window(values: dict[str, numpy.ndarray], window: int | None) -> None:
    """Query i sees key j when 0 <= i - j < window, and no other."""
    for name, pattern in values.items():
        if name.endswith(".pattern"):
            distance = numpy.arange(pattern.shape[1])[:, None] - numpy.arange(pattern.shape[2])
            visible = (distance >= 0) & (distance < (window or pattern.shape[2]))
            assert ((pattern > 0) == visible).all(), f"{name}: visible keys are not those of window {window}"


def check_agreement(ours: dict, theirs: dict) -> tuple[float, str]:
    assert set(ours) == set(theirs), f"names differ: {sorted(set(ours) ^ set(theirs))}"
    worst = max((oracle.disagreement(ours[name], theirs[name]), name) for name in theirs)
    distance, name = worst
    assert distance <= AGREEMENT, f"{name}: NumPy differs by {distance:.1e} of the row's norm, allowed {AGREEMENT:.0e}"
    return worst


def check_stock(folder: pathlib.Path, tokens: list[int], logits: numpy.ndarray) -> str:
    """The float64 twins change the precision, not the meaning: transformers as it comes, in float32, says the same."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        stock = model(input_ids=torch.tensor([tokens])).logits[0].numpy().astype(numpy.float64)
    worst = oracle.disagreement(stock, logits)
    assert worst <= 1e-5, f"stock transformers differs by {worst:.1e} of a row's norm"
    return f"stock transformers in float32 differs by {worst:.1e}"


def report(file: pathlib.Path) -> None:
    print(f"  {file.relative_to(HERE)}  {file.stat().st_size:,} bytes")


def make_tiny() -> None:
    for checkpoint in tiny.CHECKPOINTS:
        with tempfile.TemporaryDirectory() as scratch:
            folder, tokens = pathlib.Path(scratch), tiny.tokens(checkpoint)
            tiny.write(checkpoint, folder)
            values, checks = activations(folder, tokens)
            checks += f"; {check_stock(folder, tokens, values['logits'])}"
            metadata = provenance("tiny", seed=str(checkpoint.seed))
            content = {**values, "tokens": numpy.array(tokens, numpy.int32)}
            (folder / "golden.safetensors").write_bytes(safetensors_bytes(content, metadata))
            target = HERE / "tiny" / checkpoint.name
            target.mkdir(exist_ok=True, parents=True)
            print(f"tiny/{checkpoint.name}: {checks}")
            for file in sorted(folder.iterdir()):
                report(shutil.copyfile(file, target / file.name))


def make_smollm2(folder: pathlib.Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    digest = sha256(folder)
    (HERE / "smollm2").mkdir(exist_ok=True)
    for name, text in smollm2.TEXTS.items():
        tokens = smollm2.tokens(tokenizer, text)
        values, checks = activations(folder, tokens)
        file = HERE / "smollm2" / f"{name}.safetensors"
        metadata = provenance("smollm2", text=text, weights_sha256=digest)
        file.write_bytes(safetensors_bytes(smollm2.golden(tokens, values["logits"]), metadata))
        print(f"smollm2/{name}: {len(tokens)} tokens; {checks}")
        report(file)


def main() -> None:
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)  # the order of a sum must not depend on the number of cores
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tiny")
    commands.add_parser("smollm2").add_argument("model_dir", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "tiny":
        make_tiny()
    else:
        make_smollm2(options.model_dir)


if __name__ == "__main__":
    sys.exit(main())
