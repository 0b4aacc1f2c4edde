"""A Hugging Face checkpoint in Mistral's own form: params.json, consolidated.safetensors, other names, other rows."""

import torch

from seeded import head_width

MODULES = {
    "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attention.wq", "self_attn.k_proj": "attention.wk", "self_attn.v_proj": "attention.wv",
    "self_attn.o_proj": "attention.wo",
    "mlp.gate_proj": "feed_forward.w1", "mlp.down_proj": "feed_forward.w2", "mlp.up_proj": "feed_forward.w3",
}  # fmt: skip
OUTSIDE = {"model.embed_tokens": "tok_embeddings", "model.norm": "norm", "lm_head": "output"}


def params(config: dict, quantization: dict | None) -> dict:
    """params.json of a config.json; a window that is none has no key."""
    window = config["sliding_window"]
    return {
        "dim": config["hidden_size"],
        "n_layers": config["num_hidden_layers"],
        "head_dim": head_width(config),
        "hidden_dim": config["intermediate_size"],
        "n_heads": config["num_attention_heads"],
        "n_kv_heads": config["num_key_value_heads"],
        "norm_eps": config["rms_norm_eps"],
        "vocab_size": config["vocab_size"],
        "rope_theta": config["rope_theta"],
        **({} if window is None else {"sliding_window": window}),
        **({} if quantization is None else {"quantization": quantization}),
    }


def tensors(stored: dict[str, torch.Tensor], config: dict) -> dict[str, torch.Tensor]:
    """Hugging Face's module names → Mistral's; rows of query and key, and their scales, in the order of pairs."""
    heads = {"wq": config["num_attention_heads"], "wk": config["num_key_value_heads"]}
    out = {}
    for name, value in stored.items():
        module, kind = name.rsplit(".", 1)
        if module in OUTSIDE:
            theirs = OUTSIDE[module]
        else:
            _, _, layer, inner = module.split(".", 3)
            theirs = f"layers.{layer}.{MODULES[inner]}"
        count = heads.get(theirs.split(".")[-1])
        out[f"{theirs}.{kind}"] = value if count is None or value.numel() == 1 else interleaved(value, count)
    return out


def interleaved(value: torch.Tensor, heads: int) -> torch.Tensor:
    """[N, ...]: of each head the rows 0, d/2, 1, d/2 + 1, ..., so that neighbours turn together."""
    d = len(value) // heads
    order = [head * d + half * (d // 2) + pair for head in range(heads) for pair in range(d // 2) for half in (0, 1)]
    return value.view(torch.uint8)[order].view(value.dtype) if value.dtype == torch.float8_e4m3fn else value[order]
