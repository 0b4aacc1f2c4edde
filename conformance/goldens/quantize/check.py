"""Is what `tramontane quantize` writes what others would write, and do others read it?

    python quantize/check.py COMMAND...       such as: node packages/cli/bin/tramontane.js

Quantises a small random F32 model by every strategy. For each: codes and scales are PyTorch's (make.py), all else is
PyTorch's BF16; compressed-tensors takes the config and its own decompressor gives codes times scales; stock transformers
loads the folder and computes from these weights. Exits 1 where something is not so.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TQDM_DISABLE"] = "1"

import numpy
import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationConfig
from loguru import logger
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from make import STRATEGIES, quantised, spread

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import float64  # noqa: E402
from checkpoint import read_stored  # noqa: E402

# Heads, widths and vocabulary on both sides of 128 and no multiples of it: the last blocks are cut both ways.
CONFIG = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "vocab_size": 50,
    "hidden_size": 144,
    "intermediate_size": 272,
    "num_hidden_layers": 2,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 16,
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "sliding_window": None,
    "max_position_embeddings": 64,
    "tie_word_embeddings": False,
}
TOKENS = [1, 49, 7, 7, 30]
# float32 against float64, as for the tiny goldens (found: 4e-7).
NEAR = 1e-5


def weights() -> dict[str, torch.Tensor]:
    """F32, seeded, with rows of different sizes."""
    width, hidden, vocabulary = CONFIG["hidden_size"], CONFIG["intermediate_size"], CONFIG["vocab_size"]
    parts = {"q_proj": (144, width), "k_proj": (48, width), "v_proj": (48, width), "o_proj": (width, 144)}
    shapes = {"model.embed_tokens": (vocabulary, width), "lm_head": (vocabulary, width), "model.norm": (width,)}
    for i in range(CONFIG["num_hidden_layers"]):
        at = f"model.layers.{i}"
        shapes.update({f"{at}.self_attn.{part}": shape for part, shape in parts.items()})
        shapes.update({f"{at}.mlp.{part}_proj": (hidden, width) for part in ("gate", "up")})
        shapes[f"{at}.mlp.down_proj"] = (width, hidden)
        shapes.update({f"{at}.{part}_layernorm": (width,) for part in ("input", "post_attention")})
    bits = numpy.random.PCG64(7)
    return {f"{name}.weight": random(bits, shape) for name, shape in shapes.items()}


def random(bits: numpy.random.PCG64, shape: tuple[int, ...]) -> torch.Tensor:
    words = numpy.asarray(bits.random_raw(int(numpy.prod(shape)))) >> numpy.uint64(11)
    uniform = torch.from_numpy(words.astype(numpy.float64) * 2.0**-53).reshape(shape)
    if len(shape) == 1:
        return (0.5 + uniform).float()
    rows = 2.0 ** -(torch.arange(shape[0]) % 5).double()[:, None]
    return ((uniform - 0.5) * 4 / shape[1] ** 0.5 * rows).float()


def is_linear(name: str) -> bool:
    return name.endswith("_proj.weight")


def check(strategy: str, source: dict[str, torch.Tensor], folder: pathlib.Path) -> list[str]:
    """What is wrong, in words."""
    stored, config = read_stored(folder), json.loads((folder / "config.json").read_text())
    scheme = QuantizationConfig.model_validate(config["quantization_config"]).config_groups["group_0"]
    names = {*source, *(f"{name}_scale" for name in source if is_linear(name))}
    wrong = [] if stored.keys() == names else [f"tensors {sorted(stored.keys() ^ names)}"]
    if scheme.weights.strategy != strategy:
        wrong.append(f"config says {scheme.weights.strategy}")
    exact = {}
    for name, weight in source.items():
        if not is_linear(name):
            exact[name] = stored[name].double()
            wrong += [] if same(stored[name], weight.to(torch.bfloat16)) else [f"{name} is not PyTorch's BF16"]
            continue
        codes, scales = quantised(weight, strategy)
        wrong += [] if same(stored[name], codes) else [f"codes of {name}"]
        wrong += [] if same(stored[f"{name}_scale"], scales) else [f"scales of {name}"]
        exact[name] = codes.double() * spread(scales.double(), strategy, codes.shape)
        local = {"weight": stored[name], "weight_scale": stored[f"{name}_scale"]}
        theirs = BaseCompressor.get_value_from_registry("float-quantized").decompress(local, scheme)["weight"]
        wrong += [] if same(theirs, exact[name].to(theirs.dtype)) else [f"{name} decompressed by compressed-tensors"]
    return wrong + loaded(folder, exact)


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return torch.equal(a.contiguous().view(torch.uint8), b.contiguous().view(torch.uint8))


def loaded(folder: pathlib.Path, exact: dict[str, torch.Tensor]) -> list[str]:
    """Stock transformers against itself in float64, on the weights that the folder stands for."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        found = model(input_ids=torch.tensor([TOKENS])).logits[0].double()
    expected = float64.run(float64.build(type(model.config)(**CONFIG), exact), TOKENS)[0]["logits"]
    distance = ((found - expected).abs().amax(-1) / expected.norm(dim=-1)).max().item()
    print(f"{folder.name}: logits of stock transformers differ by {distance:.1e} of their norm")
    return [] if distance <= NEAR else ["logits of stock transformers"]


def main(command: list[str]) -> int:
    logging.disable_progress_bar()
    logger.disable("compressed_tensors")  # It warns of blocks that are cut, which is what is tried here.
    source, failures = weights(), 0
    with tempfile.TemporaryDirectory(prefix="tramontane-quantize-") as scratch:
        folder = pathlib.Path(scratch) / "source"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(CONFIG))
        save_file(source, folder / "model.safetensors")
        for strategy in STRATEGIES:
            out = pathlib.Path(scratch) / strategy
            subprocess.run([*command, "quantize", folder, out, "--strategy", strategy], check=True, stdout=subprocess.DEVNULL)
            wrong = check(strategy, source, out)
            print(f"{strategy}: {'ok' if not wrong else 'FAILED: ' + '; '.join(wrong)}")
            failures += bool(wrong)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
