"""Tiny checkpoints, small enough to commit with all their activations: which there are, and their folders."""

import json
import pathlib
from dataclasses import dataclass

import numpy
import torch

import native
import seeded
from checkpoint import safetensors_bytes
from fp8 import BLOCK, CHANNEL, TENSOR, Codes, quantised
from layouts import Layout, family

BASE = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "vocab_size": 97,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-05,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LLAMA = BASE | {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}


@dataclass(frozen=True)
class Tiny:
    """One folder. `golden` names the folder with its activations, where that is another one of the same numbers."""

    name: str
    seed: int
    dtype: torch.dtype
    config: dict
    layout: Layout | None = None
    golden: str = ""
    native: bool = False
    # Weights of what shares a scale are as large as elsewhere.
    level: bool = False
    tokens: int = 17

    @property
    def own(self) -> bool:
        return not self.golden

    @property
    def lengths(self) -> list[int]:
        """Prefixes of the golden at which a window begins to matter: W, W + 1, 2W, 2W + 1."""
        window = self.config.get("sliding_window")
        return sorted({window, window + 1, 2 * window, 2 * window + 1}) if self.name.startswith("window-") else []

    def entry(self) -> dict:
        """Its line in index.json."""
        lengths = {"lengths": self.lengths} if self.lengths else {}
        return {"name": self.name, "golden": self.golden or self.name, **lengths}


def sizes(width: int, hidden: int, d: int | None = None, heads: tuple[int, int] = (4, 2)) -> dict:
    """The key head_dim is left out where it has no value: then it is width / heads."""
    head_dim = {} if d is None else {"head_dim": d}
    split = {"num_attention_heads": heads[0], "num_key_value_heads": heads[1]}
    return {"hidden_size": width, "intermediate_size": hidden, **split, **head_dim}


def rest(window: int | None, theta: float, *, tied: bool, dtype: str) -> dict:
    """As transformers 4 writes it."""
    return {"torch_dtype": dtype, "sliding_window": window, "rope_theta": theta, "tie_word_embeddings": tied}


# transformers 5 writes theta inside rope_parameters, transformers 4 beside the sizes; both kinds are about.
FIRST = (
    Tiny("full", 20240101, torch.float32, BASE | {
        "dtype": "float32", "hidden_size": 32, "intermediate_size": 48, "head_dim": 8, "sliding_window": None,
        "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "tie_word_embeddings": False,
    }, tokens=13),
    Tiny("window", 20240102, torch.bfloat16, BASE | {
        "torch_dtype": "bfloat16", "hidden_size": 32, "intermediate_size": 48, "head_dim": 8, "sliding_window": 5,
        "rope_theta": 10000.0, "tie_word_embeddings": True,
    }, tokens=13),
    Tiny("fp8", 20240103, torch.bfloat16, BASE | {
        "torch_dtype": "bfloat16", "hidden_size": 48, "intermediate_size": 80, "head_dim": 16, "sliding_window": 5,
        "rope_theta": 1000000.0, "tie_word_embeddings": False,
    }, layout=family(CHANNEL)[0], level=True, tokens=13),
)  # fmt: skip

BFLOAT16, FLOAT32, FLOAT16 = torch.bfloat16, torch.float32, torch.float16
WINDOW_3 = BASE | sizes(32, 48, 12) | rest(3, 1e6, tied=False, dtype="bfloat16")
# Of the eight frequencies two stay, two are mixed and four slow down: make.py checks that there are some of each.
LLAMA3 = {
    "factor": 8.0, "high_freq_factor": 5.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 256,
    "rope_type": "llama3",
}  # fmt: skip
PLAIN = (
    Tiny("gqa-4-1", 20240104, BFLOAT16, BASE | sizes(32, 48, heads=(4, 1))
         | rest(None, 1e4, tied=False, dtype="bfloat16")),
    Tiny("gqa-1-1", 20240105, FLOAT16, BASE | sizes(24, 40, 16, (1, 1)) | rest(None, 1e6, tied=True, dtype="float16")),
    Tiny("gqa-4-4", 20240106, FLOAT32, BASE | sizes(32, 48, 10, (4, 4)) | rest(None, 1e4, tied=True, dtype="float32")),
    Tiny("window-1", 20240107, BFLOAT16, BASE | sizes(32, 48, 8) | rest(1, 1e4, tied=True, dtype="bfloat16")),
    Tiny("window-3", 20240108, BFLOAT16, WINDOW_3),
    Tiny("window-8", 20240109, BFLOAT16, BASE | sizes(32, 48, 8) | rest(8, 1e4, tied=False, dtype="bfloat16")),
    Tiny("rope-linear", 20240110, BFLOAT16, BASE | sizes(32, 48, 8) | {
        "dtype": "bfloat16", "sliding_window": None, "tie_word_embeddings": True,
        "rope_parameters": {"factor": 4.0, "rope_theta": 1e4, "rope_type": "linear"},
    }),
    Tiny("rope-llama3", 20240111, BFLOAT16, LLAMA | sizes(32, 48, 16) | {
        "torch_dtype": "bfloat16", "rope_theta": 1e4, "rope_scaling": LLAMA3, "tie_word_embeddings": False,
        "max_position_embeddings": 2048,
    }),
    Tiny("llama-bias", 20240112, BFLOAT16, LLAMA | sizes(32, 48, 12) | {
        "torch_dtype": "bfloat16", "rope_theta": 1e4, "attention_bias": True, "mlp_bias": True,
        "tie_word_embeddings": True,
    }),
    Tiny("native", 20240108, BFLOAT16, WINDOW_3, golden="window-3", native=True),
)  # fmt: skip


def spellings(granule: tuple[int, int], seed: int, config: dict) -> list[Tiny]:
    """The same codes and scales in every layout that can hold them."""
    first, *others = family(granule)
    one = lambda layout, golden: Tiny(
        layout.name, seed, BFLOAT16, config, layout, golden, native=layout.native is not None
    )
    return [one(first, ""), *(one(layout, first.name) for layout in others)]


SMALL = BASE | sizes(32, 48, 16) | rest(None, 1e6, tied=False, dtype="bfloat16")
# Above 128 and no multiple of it in both directions; keys and values have one block of rows, the others two.
LARGE = BASE | {"num_hidden_layers": 1} | sizes(136, 144, 36) | rest(None, 1e4, tied=False, dtype="bfloat16")
CHECKPOINTS = (
    *FIRST,
    *PLAIN,
    *spellings(TENSOR, 20240113, SMALL),
    *spellings(CHANNEL, 20240114, SMALL | {"rope_theta": 1e4}),
    *spellings(BLOCK, 20240115, LARGE),
)


def weights(tiny: Tiny) -> dict[str, torch.Tensor | Codes]:
    """By their Hugging Face names; codes and scales where the layout is of fp8."""
    rounded = lambda value: torch.from_numpy(value).to(tiny.dtype)
    layout = tiny.layout
    linear = (lambda _bits, value: value) if layout is None else (
        lambda bits, value: quantised(bits, value, layout.granule, level=tiny.level)
    )  # fmt: skip
    values = seeded.weights(tiny.config, tiny.seed, linear)
    return {name: rounded(value) if isinstance(value, numpy.ndarray) else value for name, value in values.items()}


def stored(tiny: Tiny, values: dict[str, torch.Tensor | Codes]) -> dict[str, torch.Tensor]:
    """The tensors of the file."""
    out, layout = {}, tiny.layout
    for name, value in values.items():
        module = name.rsplit(".", 1)[0]
        out.update(layout.tensors(module, value) if isinstance(value, Codes) else {name: value})
        if layout and module.endswith("self_attn.k_proj"):
            at = module.rsplit(".", 1)[0]
            out.update({f"{at}.{name}": torch.tensor(scale) for name, scale in layout.attention.items()})
    return native.tensors(out, tiny.config) if tiny.native else out


def documents(tiny: Tiny) -> dict[str, dict]:
    """The JSON files of the folder."""
    layout = tiny.layout
    if tiny.native:
        return {"params.json": native.params(tiny.config, layout and layout.native)}
    quantization = layout and layout.quantization
    config = tiny.config | ({"quantization_config": quantization} if quantization else {})
    return {"config.json": config, **(layout.files if layout else {})}


def write(tiny: Tiny, folder: pathlib.Path) -> None:
    """Everything but the golden."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents(tiny).items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    values = weights(tiny)
    metadata = tiny.layout.metadata(values) if tiny.layout else {"format": "pt"}
    file = "consolidated.safetensors" if tiny.native else "model.safetensors"
    (folder / file).write_bytes(safetensors_bytes(stored(tiny, values), metadata))


def tokens(tiny: Tiny) -> list[int]:
    return seeded.tokens(tiny.seed, tiny.tokens, tiny.config["vocab_size"])
