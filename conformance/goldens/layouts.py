"""How checkpoints spell the same fp8 weights: one entry per tool, written as that tool writes it.

Names, shapes, dtypes and settings were taken from the tools' sources (README.md, "Layouts"). Numbers beside the weights
(scales of activations and of the cache) are made up: a weight-only reading does not use them.
"""

import json
from dataclasses import dataclass, field

import torch

from fp8 import BLOCK, CHANNEL, TENSOR, Codes

Tensors = dict[str, torch.Tensor]
BF16, F32 = torch.bfloat16, torch.float32
INPUT_SCALE, CACHE_SCALE = 0.0234375, 0.0078125


@dataclass(frozen=True)
class Layout:
    """One way to write Codes. A granule's scales have the given shape; `quantization` is config.json's member."""

    name: str
    granule: tuple[int, int]
    scale: str
    dtype: torch.dtype
    shape: str
    codes: str = "weight"
    quantization: dict | None = None
    # For every linear, for every attention: names of scalars that stand beside the weights.
    linear: dict[str, float] = field(default_factory=dict)
    attention: dict[str, float] = field(default_factory=dict)
    # Other files of the folder, and what params.json says of quantisation where the layout is Mistral's own.
    files: dict[str, dict] = field(default_factory=dict)
    native: dict | None = None
    torchao: dict | None = None

    def tensors(self, module: str, weight: Codes) -> Tensors:
        """What a linear is stored as."""
        n = len(weight.codes)
        blocks = list(weight.scale.shape)
        shape = {"[]": [], "[1]": [1], "[1, 1]": [1, 1], "[N]": [n], "[N, 1]": [n, 1], "blocks": blocks}[self.shape]
        scalars = {f"{module}.{name}": torch.tensor(value, dtype=self.dtype) for name, value in self.linear.items()}
        scale = weight.scale.to(self.dtype).reshape(shape)
        return {f"{module}.{self.codes}": weight.codes, f"{module}.{self.scale}": scale, **scalars}

    def metadata(self, weights: dict[str, torch.Tensor | Codes]) -> dict[str, str]:
        """safetensors metadata; torchao describes every tensor there."""
        if self.torchao is None:
            return {"format": "pt"}
        told = {name: {"_type": "Tensor"} for name in weights}
        for name, value in weights.items():
            if isinstance(value, Codes):
                size = [side or whole for side, whole in zip(self.granule, value.codes.shape)]
                data = {"block_size": size, **self.torchao}
                told[name] = {"_type": "Float8Tensor", "_data": data, "_tensor_data_names": ["qdata", "scale"]}
        described = {name: json.dumps(value) for name, value in told.items()}
        return {"format": "pt", **described, "tensor_names": json.dumps(list(told))}


def compressed(strategy: str, block_structure: list[int] | None = None) -> dict:
    """As llm-compressor writes it for weights alone."""
    return {
        "config_groups": {
            "group_0": {
                "input_activations": None,
                "output_activations": None,
                "targets": ["Linear"],
                "weights": {
                    "block_structure": block_structure,
                    "dynamic": False,
                    "group_size": None,
                    "num_bits": 8,
                    "observer": "minmax",
                    "observer_kwargs": {},
                    "strategy": strategy,
                    "symmetric": True,
                    "type": "float",
                },
            }
        },
        "format": "float-quantized",
        "ignore": ["lm_head"],
        "kv_cache_scheme": None,
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
    }


def torchao(kind: str, data: dict) -> dict:
    """As TorchAoConfig of transformers writes a torchao config."""
    return {
        "include_input_output_embeddings": False,
        "modules_to_not_convert": ["lm_head"],
        "quant_method": "torchao",
        "quant_type": {"default": {"_data": data, "_type": kind, "_version": 2}},
        "untie_embedding_weights": False,
    }


def typed(kind: str, data: object) -> dict:
    return {"_type": kind, "_data": data}


E4M3, AUTO = typed("torch.dtype", "float8_e4m3fn"), typed("KernelPreference", "AUTO")
FAST = {"emulate": False, "use_fast_accum": True, "pad_inner_dim": False}
# Members of a Float8Tensor but its block size, in torchao's order.
PER_ROW = {
    "mm_config": None, "act_quant_kwargs": None, "kernel_preference": AUTO, "dtype": typed("torch.dtype", "bfloat16"),
}  # fmt: skip
PER_TENSOR = PER_ROW | {
    "mm_config": typed("Float8MMConfig", FAST),
    "act_quant_kwargs": typed("QuantizeTensorToFloat8Kwargs", {
        "float8_dtype": E4M3, "granularity": typed("PerTensor", {}), "mm_config": None, "hp_value_lb": None,
        "hp_value_ub": None, "kernel_preference": AUTO,
    }),
}  # fmt: skip
WEIGHT_ONLY = torchao("Float8WeightOnlyConfig", {
    "granularity": {"_data": {"dim": -1}, "_type": "PerRow", "_version": 1}, "set_inductor_config": True,
    "weight_dtype": E4M3,
})  # fmt: skip
WHOLE = {"_data": {}, "_type": "PerTensor", "_version": 1}
DYNAMIC = torchao("Float8DynamicActivationFloat8WeightConfig", {
    "activation_dtype": E4M3, "activation_value_lb": None, "activation_value_ub": None, "alg_id": 0,
    "granularity": [WHOLE, WHOLE], "kernel_preference": AUTO,
    "mm_config": {**typed("Float8MMConfig", FAST), "_version": 1},
    "packing_format": typed("Float8PackingFormat", "PLAIN"), "set_inductor_config": True, "weight_dtype": E4M3,
})  # fmt: skip

AUTOFP8 = {
    "activation_scheme": "static", "ignored_layers": ["lm_head"], "kv_cache_scheme": "static", "quant_method": "fp8",
}  # fmt: skip
HF_STATIC = {
    "activation_scheme": "static", "dequantize": False, "modules_to_not_convert": ["lm_head"], "quant_method": "fp8",
    "weight_block_size": None,
}  # fmt: skip
DEEPSEEK = {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8", "weight_block_size": [128, 128]}
FBGEMM = {"activation_scale_ub": 1200.0, "modules_to_not_convert": ["lm_head"], "quant_method": "fbgemm_fp8"}
MODELOPT = {
    "producer": {"name": "modelopt", "version": "0.23.2"},
    "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": None, "exclude_modules": ["lm_head"]},
}
NATIVE = {"qformat_weight": "fp8_e4m3", "qscheme_act": "TENSOR"}

LAYOUTS = (
    Layout("fp8-tensor", TENSOR, "weight_scale", BF16, "[1]", quantization=compressed("tensor")),
    Layout(
        "fp8-autofp8", TENSOR, "weight_scale", F32, "[]", quantization=AUTOFP8,
        linear={"input_scale": INPUT_SCALE}, attention={"k_scale": CACHE_SCALE, "v_scale": CACHE_SCALE},
    ),
    Layout(
        "fp8-hf-static", TENSOR, "weight_scale_inv", F32, "[]", quantization=HF_STATIC,
        linear={"activation_scale": INPUT_SCALE},
    ),
    Layout(
        "fp8-modelopt", TENSOR, "weight_scale", F32, "[]", linear={"input_scale": INPUT_SCALE},
        files={"hf_quant_config.json": MODELOPT},
    ),
    Layout(
        "fp8-torchao-tensor", TENSOR, "_weight_scale", F32, "[1, 1]", codes="_weight_qdata", quantization=DYNAMIC,
        torchao=PER_TENSOR,
    ),
    Layout("fp8-native", TENSOR, "qscale_weight", BF16, "[]", linear={"qscale_act": INPUT_SCALE}, native=NATIVE),
    Layout("fp8-channel", CHANNEL, "weight_scale", BF16, "[N, 1]", quantization=compressed("channel")),
    Layout("fp8-fbgemm", CHANNEL, "weight_scale", F32, "[N, 1]", quantization=FBGEMM),
    Layout(
        "fp8-torchao-row", CHANNEL, "_weight_scale", F32, "[N, 1]", codes="_weight_qdata", quantization=WEIGHT_ONLY,
        torchao=PER_ROW,
    ),
    Layout("fp8-native-channel", CHANNEL, "qscale_weight", BF16, "[N]", native=NATIVE | {"qscheme_act": "NO_SCALES"}),
    Layout("fp8-block", BLOCK, "weight_scale", BF16, "blocks", quantization=compressed("block", [128, 128])),
    Layout("fp8-deepseek", BLOCK, "weight_scale_inv", F32, "blocks", quantization=DEEPSEEK),
)  # fmt: skip


def family(granule: tuple[int, int]) -> list[Layout]:
    """All ways to write scales of one granule; the first is the one whose golden the others share."""
    return [layout for layout in LAYOUTS if layout.granule == granule]
