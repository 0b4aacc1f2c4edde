"""Writes a Llama checkpoint folder as one GGUF for llama.cpp: Q8_0 matrices, the embedding too, and F32 norms.

    python to_gguf.py MODEL_DIR OUT.gguf

Weights are those of the goldens: every code times its scale, exact in float64 and in float32. Q8_0 then rounds 32 of a
row at a time to 8 bits and one F16 scale. llama.cpp's RoPE turns neighbouring rows of a head, Hugging Face's the
halves, so rows of q and k change places. Tokenizer and chat template come along.
"""

import json
import pathlib
import sys

import gguf
import numpy
from gguf.quants import quantize

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "goldens"))

from checkpoint import read_config, read_float64  # noqa: E402

Q8_0 = gguf.GGMLQuantizationType.Q8_0
# llama.cpp's name for: single digits, then the pattern of GPT-2.
PRE_TOKENIZER = "smollm"
SPLITS = ["Digits", "ByteLevel"]


def neighbours(weight: numpy.ndarray, heads: int) -> numpy.ndarray:
    """[heads * d, width] with rows 0, 1, ..., d - 1 of each head → rows 0, d/2, 1, d/2 + 1, ..."""
    d = weight.shape[0] // heads
    return weight.reshape(heads, 2, d // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def tensors(folder: pathlib.Path, config: dict) -> dict[str, numpy.ndarray]:
    """GGUF's name → float32, [N, K] or [N]."""
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    out = {}
    for theirs, weight in read_float64(folder).items():
        name = names.get_name(theirs, try_suffixes=(".weight",))
        if name is None:
            raise ValueError(f"{folder}: GGUF has no name for {theirs} in the Llama architecture")
        values = weight.numpy().astype(numpy.float32)
        count = heads.get(name.split(".")[-2])
        out[name] = values if count is None else neighbours(values, count)
    return out


def add_sizes(writer: gguf.GGUFWriter, config: dict) -> None:
    width, heads = config["hidden_size"], config["num_attention_heads"]
    if config.get("rope_scaling"):
        raise ValueError(f"rope_scaling is {config['rope_scaling']}, expected none: only plain RoPE is written")
    writer.add_name("tramontane")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(width)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config.get("head_dim") or width // heads)
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def vocabulary(tokenizer: dict, size: int) -> tuple[list[str], list[int]]:
    """Pieces and their types, by id."""
    pieces = {id: piece for piece, id in tokenizer["model"]["vocab"].items()}
    types = dict.fromkeys(pieces, gguf.TokenType.NORMAL)
    for added in tokenizer["added_tokens"]:
        pieces[added["id"]] = added["content"]
        types[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    if sorted(pieces) != list(range(size)):
        raise ValueError(f"tokenizer.json has {len(pieces)} tokens, expected each of 0 to {size - 1}")
    return [pieces[id] for id in range(size)], [types[id] for id in range(size)]


def add_tokenizer(writer: gguf.GGUFWriter, folder: pathlib.Path, config: dict) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    splits = [one["type"] for one in (tokenizer["pre_tokenizer"] or {}).get("pretokenizers", [])]
    if tokenizer["model"]["type"] != "BPE" or splits != SPLITS:
        raise ValueError(f"{folder}/tokenizer.json: splits are {splits}, expected {SPLITS} ({PRE_TOKENIZER}) before BPE")
    pieces, types = vocabulary(tokenizer, config["vocab_size"])
    merges = tokenizer["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(pieces)
    writer.add_token_types(types)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in merges])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((folder / "chat_template.jinja").read_text())


def main(folder: pathlib.Path, out: pathlib.Path) -> None:
    config = read_config(folder)
    writer = gguf.GGUFWriter(out, "llama")
    add_sizes(writer, config)
    add_tokenizer(writer, folder, config)
    for name, values in tensors(folder, config).items():
        if values.ndim == 1:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, quantize(values, Q8_0), raw_dtype=Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
