"""Runs transformers' Mistral and Llama in float64 throughout, and records every named activation.

Stock transformers drops to float32 in three places even when all weights are float64: the rotary frequencies and
angles, the mean square of RMSNorm, and the softmax of eager attention. Each gets a float64 twin here, set on the
instances of one model. Everything else is transformers' own code: projections, rotation, masks, residuals, grouping.
"""

import types
import unittest.mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AttentionInterface, AutoModelForCausalLM, PreTrainedConfig
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.mistral.modeling_mistral import repeat_kv

Activations = dict[str, torch.Tensor]


class OnlyFloat64(TorchDispatchMode):
    """Sees every operation of PyTorch while active; refuses one that makes a floating tensor of another dtype."""

    def __init__(self):
        super().__init__()
        self.floating = 0

    def __torch_dispatch__(self, op, _types, args=(), kwargs=None):
        result = op(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
                self.floating += 1
                if value.dtype != torch.float64:
                    raise TypeError(f"{op} made {value.dtype} {list(value.shape)}, expected float64")
        return result


def rms_norm(self, x: torch.Tensor) -> torch.Tensor:
    """[1, T, D] → [1, T, D]."""
    mean_square = x.pow(2).mean(-1, keepdim=True)
    return self.weight * (x * torch.rsqrt(mean_square + self.variance_epsilon))


def frequencies(module) -> torch.Tensor:
    """[d/2] radians per position, by transformers' own function for the rope type, its `torch.float` made float64."""
    default = module.compute_default_rope_parameters
    function = default if module.rope_type == "default" else ROPE_INIT_FUNCTIONS[module.rope_type]
    with unittest.mock.patch.object(torch, "float", torch.float64):
        result, factor = function(module.config)
    assert factor == 1.0 and result.dtype == torch.float64, f"factor {factor}, {result.dtype}"
    return result


def rotary(self, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions [1, T] → cosines and sines [1, T, d], the angle of pair k at k and at k + d/2."""
    angles = position_ids[..., None].to(torch.float64) * frequencies(self)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def attention(module, query, key, value, attention_mask, scaling, **_):
    """query [1, H, T, d], key and value [1, G, T, d] → [1, T, H, d] and the pattern [1, H, T, T]."""
    module.rotated = query, key
    key, value = (repeat_kv(x, module.num_key_value_groups) for x in (key, value))
    scores = query @ key.transpose(2, 3) * scaling
    pattern = torch.softmax(scores + attention_mask, dim=-1)
    return (pattern @ value).transpose(1, 2).contiguous(), pattern


def build(config: PreTrainedConfig, weights: dict[str, torch.Tensor]) -> torch.nn.Module:
    """A float64 model that holds `weights` (Hugging Face names; no lm_head where it is tied) and no others."""
    AttentionInterface.register("float64", attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register("float64", eager_mask)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float64, attn_implementation="float64").eval()
    tied = {"lm_head.weight": weights["model.embed_tokens.weight"]} if config.tie_word_embeddings else {}
    model.load_state_dict({**weights, **tied}, strict=True, assign=True)
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = types.MethodType(rms_norm, module)
        if type(module).__name__.endswith("RotaryEmbedding"):
            module.forward = types.MethodType(rotary, module)
    return model


def run(model: torch.nn.Module, tokens: list[int]) -> tuple[Activations, int]:
    """Activations by node name ([T, C]; patterns [H, T, T]) and the number of floating tensors seen, all float64."""
    activations: Activations = {}
    handles = list(record(model, activations))
    with torch.no_grad(), OnlyFloat64() as seen:
        model(input_ids=torch.tensor([tokens]), use_cache=False)
    for handle in handles:
        handle.remove()
    return {name: value[0].reshape(value.shape[1:]) for name, value in activations.items()}, seen.floating


def record(model: torch.nn.Module, out: Activations):
    """Hooks that put inputs and outputs of transformers' modules into `out` under this project's names."""

    def outputs(module, name):
        return module.register_forward_hook(lambda _m, _args, result: out.__setitem__(name, result))

    def inputs(module, name):
        return module.register_forward_pre_hook(lambda _m, args: out.__setitem__(name, args[0]))

    yield outputs(model.model.embed_tokens, "embedding")
    for i, layer in enumerate(model.model.layers):
        at, mlp, prefix = layer.self_attn, layer.mlp, f"layers.{i}"
        yield outputs(layer.input_layernorm, f"{prefix}.attention.norm")
        yield outputs(at.q_proj, f"{prefix}.query")
        yield outputs(at.k_proj, f"{prefix}.key")
        yield outputs(at.v_proj, f"{prefix}.value")
        yield at.register_forward_hook(lambda m, _args, result, p=prefix: attended(m, result[1], p, out))
        yield inputs(at.o_proj, f"{prefix}.attention")
        yield outputs(at.o_proj, f"{prefix}.output")
        yield inputs(layer.post_attention_layernorm, f"{prefix}.attention.residual")
        yield outputs(layer.post_attention_layernorm, f"{prefix}.mlp.norm")
        yield outputs(mlp.gate_proj, f"{prefix}.gate")
        yield outputs(mlp.act_fn, f"{prefix}.gate.silu")
        yield outputs(mlp.up_proj, f"{prefix}.up")
        yield inputs(mlp.down_proj, f"{prefix}.hidden")
        yield outputs(mlp.down_proj, f"{prefix}.down")
        yield outputs(layer, f"{prefix}.mlp.residual")
    yield outputs(model.model.norm, "norm")
    yield outputs(model.lm_head, "logits")


def attended(module, pattern: torch.Tensor, prefix: str, out: Activations) -> None:
    """Rotated query [1, H, T, d] and key [1, G, T, d] → [1, T, heads * d], head by head."""
    for name, value in zip(("query", "key"), module.rotated):
        out[f"{prefix}.{name}.rope"] = value.transpose(1, 2).flatten(2)
    out[f"{prefix}.attention.pattern"] = pattern
