"""What transformers reads from config.json: missing keys, nulls, and every spelling of RoPE that we accept.

    python make.py       writes config.json beside this file

Frequencies are computed here in float64, from the wavelengths, because transformers computes them in float32; each is
checked against transformers' own to float32 precision before it is written.
"""

import json
import math
import pathlib
import tempfile

import torch
import transformers
from transformers import AutoConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

HERE = pathlib.Path(__file__).resolve().parent
MISTRAL = {"architectures": ["MistralForCausalLM"], "model_type": "mistral"}
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
FIELDS = [
    "num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size",
    "vocab_size", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "bos_token_id", "eos_token_id",
]  # fmt: skip

CONFIGS = {
    "Mistral, every key missing": MISTRAL,
    "Llama, every key missing": LLAMA,
    "model_type alone": {"model_type": "mistral"},
    "sliding_window null": {**MISTRAL, "sliding_window": None},
    "sliding_window 5": {**MISTRAL, "sliding_window": 5},
    "Llama, sliding_window null": {**LLAMA, "sliding_window": None},
    "rope_theta": {**LLAMA, "rope_theta": 1e6},
    "rope_scaling linear": {**LLAMA, "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "rope_scaling with the old key type": {**LLAMA, "rope_scaling": {"type": "linear", "factor": 2.5}},
    "rope_scaling null": {**MISTRAL, "rope_scaling": None, "rope_theta": 5e5},
    "rope_scaling empty": {**MISTRAL, "rope_scaling": {}, "rope_theta": 5e5},
    "rope_scaling llama3": {**LLAMA, "rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", **LLAMA3}},
    "llama3 with head_dim 64": {
        **LLAMA, "head_dim": 64, "hidden_size": 2048, "max_position_embeddings": 131072,
        "rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3, "factor": 32.0},
    },
    "llama3 without original_max_position_embeddings": {
        **LLAMA, "max_position_embeddings": 4096,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0},
    },
    "rope_parameters": {**MISTRAL, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}},
    "rope_parameters before rope_theta": {
        **MISTRAL, "rope_theta": 2e4, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6},
    },
    "rope_parameters without rope_theta": {
        **MISTRAL, "rope_theta": 2e4, "rope_parameters": {"rope_type": "linear", "factor": 2.0},
    },
    "rope_scaling before rope_parameters": {
        **LLAMA, "rope_scaling": {"type": "linear", "factor": 2.0}, "rope_parameters": {"rope_type": "default", "rope_theta": 7e4},
    },
    "head_dim given": {**MISTRAL, "head_dim": 128, "hidden_size": 5120},
    "head_dim null": {**MISTRAL, "head_dim": None, "hidden_size": 2048},
    "Llama, num_key_value_heads null": {**LLAMA, "num_key_value_heads": None},
    "Llama, num_key_value_heads": {**LLAMA, "num_key_value_heads": 4},
    "eos_token_id list": {**LLAMA, "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "vocab_size": 128256},
    "bos_token_id and eos_token_id null": {**MISTRAL, "bos_token_id": None, "eos_token_id": None},
    "tied": {**LLAMA, "tie_word_embeddings": True},
    "biases": {**LLAMA, "attention_bias": True, "mlp_bias": True},
}  # fmt: skip


def frequencies(rope: dict, head_dim: int) -> list[float]:
    """From wavelengths, in the words of Llama 3.1's apply_scaling."""
    result = []
    for pair in range(head_dim // 2):
        frequency = math.pow(rope["rope_theta"], -2 * pair / head_dim)
        wavelength = 2 * math.pi / frequency
        if rope["rope_type"] == "linear":
            frequency /= rope["factor"]
        if rope["rope_type"] == "llama3":
            context, low, high = (rope[k] for k in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
            if wavelength > context / low:
                frequency /= rope["factor"]
            elif wavelength >= context / high:
                smooth = (context / wavelength - low) / (high - low)
                frequency = (1 - smooth) * frequency / rope["factor"] + smooth * frequency
        result.append(frequency)
    return result


def read(text: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "config.json").write_text(text)
        config = AutoConfig.from_pretrained(folder)
    rope = dict(config.rope_parameters)
    inv_freq = frequencies(rope, config.head_dim)
    if rope["rope_type"] == "default":
        theirs, factor = LlamaRotaryEmbedding.compute_default_rope_parameters(config), 1.0
        theirs = theirs[0] if isinstance(theirs, tuple) else theirs
    else:
        theirs, factor = ROPE_INIT_FUNCTIONS[rope["rope_type"]](config, torch.device("cpu"))
    assert factor == 1.0
    # float32 keeps 24 bits; the exponent of theta loses a few more.
    torch.testing.assert_close(theirs.double(), torch.tensor(inv_freq, dtype=torch.float64), rtol=2e-6, atol=0)
    more = {key: getattr(config, key, None) for key in ("sliding_window", "attention_bias", "mlp_bias")}
    return {**{key: getattr(config, key) for key in FIELDS}, **more, "rope_parameters": rope, "inv_freq": inv_freq}


if __name__ == "__main__":
    cases = [{"name": name, "text": json.dumps(c), "expected": read(json.dumps(c))} for name, c in CONFIGS.items()]
    versions = {"generator": "conformance/goldens/config/make.py", "transformers": transformers.__version__}
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "config.json").write_text(f'{{"provenance": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n')
