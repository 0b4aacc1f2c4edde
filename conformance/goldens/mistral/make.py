"""Token ids of Mistral's three SentencePiece tokenizers, of Tekken and of the instruct formats, by mistral-common.

    pip install 'mistral-common[sentencepiece]==1.13.1' tokenizers==0.23.3 protobuf Jinja2
    python make.py            # writes the JSON files beside this one
    python make.py check      # compares them with what it would write

Texts are encoded as they are, without begin or end token. Chats go through validation, normalisation and encoding, in
OpenAI's shape; `refused` holds those that raise. `original` are chats by the template that Mistral 7B Instruct v0.2 first had, rendered by
Jinja and encoded by SentencePiece between the control tokens, as Hugging Face's "legacy" tokenizer does. tokenizers makes
metaspace.json: which parts of a text with control tokens get a ▁ in front. SentencePiece makes small.json: models made
so that what the published ones never show does show. tekken.json is a Tekken file of the first ranks of the published one,
with fewer special tokens; tekken-ids.json holds what mistral-common reads from it, and, with the special tokens of `listed`, as a
file of a later version. Python makes python-json.json: what its json module
writes of what it has read.
"""

import base64
import json
import pathlib
import random
import re
import struct
import sys
import tempfile

import jinja2
import mistral_common
import tokenizers
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.base import SpecialTokenPolicy
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, models, normalizers

from material import (
    PLAIN_CHATS, REFUSED, REFUSED_V1, REFUSED_V2, REFUSED_V3, SEVERAL_RESULTS, TEXTS, TOOL_CHATS, assistant, corpus, user,
)  # fmt: skip

HERE = pathlib.Path(__file__).parent


def encode(tokenizer: MistralTokenizer, messages: list, tools: list | None) -> list[int]:
    plain = [{k: v for k, v in message.items() if k != "prefix"} for message in messages]
    goes_on = bool(messages) and messages[-1].get("prefix", False)
    request = ChatCompletionRequest.from_openai(plain, tools, continue_final_message=goes_on)
    return tokenizer.encode_chat_completion(request).tokens


def goldens(version: str, tokenizer: MistralTokenizer, random_texts: int) -> dict:
    spm = tokenizer.instruct_tokenizer.tokenizer
    texts = [{"text": text, "ids": spm.encode(text, bos=False, eos=False)} for text in TEXTS + corpus(random_texts)]
    made = random.Random(7)
    lists = [text["ids"] for text in texts[::5]]
    lists += [[made.randrange(3, spm.n_words) for _ in range(made.randint(1, 12))] for _ in range(40)]
    decodes = [{"ids": ids, "text": spm.decode(ids, special_token_policy=SpecialTokenPolicy.IGNORE)} for ids in lists]
    with_tools = [] if version == "v1" else TOOL_CHATS + (SEVERAL_RESULTS if version == "v3" else [])
    chats = []
    for messages, tools in [(messages, None) for messages in PLAIN_CHATS] + with_tools:
        ids = encode(tokenizer, messages, tools)
        assert ids.count(spm.bos_id) == 1
        chats.append({"messages": messages, "tools": tools, "ids": ids, "text": spm._to_string(ids)})
    refused = []
    for messages, tools in REFUSED + {"v1": REFUSED_V1, "v2": REFUSED_V2, "v3": REFUSED_V3}[version]:
        try:
            encode(tokenizer, messages, tools)
        except Exception as error:  # noqa: BLE001: of several kinds, among them assertions
            refused.append({"messages": messages, "tools": tools, "error": f"{type(error).__name__}: {error}"[:200]})
        else:
            raise AssertionError(f"{version} accepts {messages} {tools}")
    return {"texts": texts, "decodes": decodes, "chats": chats, "refused": refused}


def original(spm: SentencePieceProcessor) -> list[dict]:
    settings = json.loads((HERE.parents[2] / "models/mistral-7b-instruct-v0.2/tokenizer_config.json").read_text())
    [source] = [entry["template"] for entry in settings["chat_template"] if entry["name"] == "original"]
    template = jinja2.Environment(lstrip_blocks=True, trim_blocks=True).from_string(source)
    chats = []
    for messages in [PLAIN_CHATS[i] for i in (0, 1, 2, 3)] + [[user("Hi"), assistant(" spaced  "), user("  世界 ▁")]]:
        text = template.render(messages=messages, bos_token="<s>", eos_token="</s>")
        parts = [part for part in re.split("(</?s>)", text) if part]
        ids = [id for part in parts for id in ({"<s>": [1], "</s>": [2]}.get(part) or spm.encode(part))]
        chats.append({"messages": messages, "text": text, "ids": ids})
    return chats


def tekken_file() -> dict:
    """
    The first ranks of the published file: more than its vocabulary counts, as in the published one. The last three that count are
    made: one that no pairs lead to, and two that show where words end at U+FEFF and U+0085.
    """
    path = MistralTokenizer.v3(is_tekken=True).instruct_tokenizer.tokenizer.file_path
    source = json.loads(path.read_text())
    counts = {"num_vocab_tokens": 2600, "default_vocab_size": 2564, "default_num_special_tokens": 64}
    vocab = source["vocab"][:2600]
    for rank, token in enumerate([b"zqxj", b"\xbf!", b"\x85!"], start=2497):
        vocab[rank] = {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
    return {"config": {**source["config"], **counts}, "vocab": vocab}


def tekken() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tekken.json"
        path.write_text(json.dumps(tekken_file()))
        tokenizer = MistralTokenizer.from_file(str(path))
        golden = tekken_goldens(tokenizer)
        names = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[THINK]", "[/THINK]", "[ARGS]"]
        special = [{"rank": rank, "token_str": name, "is_control": True} for rank, name in enumerate(names)]
        listed = {"special_tokens": special, "default_vocab_size": 2000, "default_num_special_tokens": 10, "version": "v13"}
        source = tekken_file()
        source["config"] |= {key: listed[key] for key in source["config"] if key in listed}
        path.write_text(json.dumps({**source, "special_tokens": special}))
        later = Tekkenizer.from_file(path)
    texts = [{"text": text, "ids": later.encode(text, bos=False, eos=False)} for text in TEXTS[::3]]
    pieces = [later.id_to_piece(id) for id in range(10)]
    return {**golden, "listed": {**listed, "pieces": pieces, "texts": texts}}


def tekken_goldens(tokenizer: MistralTokenizer) -> dict:
    """As those of version 3, but that a text is cut short by a special token here: decodes have none."""
    inner = tokenizer.instruct_tokenizer.tokenizer
    golden = goldens("v3", tokenizer, 100)
    more = ["zqxj", " zqxj", "zqxjz", "\ufeff!", "!\u0085!", "a\u0085b", "  \ufeff!", "  \u0085 a", "\u180e!", "\u2028\u2029 a"]
    texts = golden["texts"] + [{"text": text, "ids": inner.encode(text, bos=False, eos=False)} for text in more]
    made = random.Random(13)
    lists = [text["ids"] for text in texts[::5]]
    lists += [[made.randrange(64, 64 + most) for _ in range(made.randint(1, 12))] for most in (256, 2500) for _ in range(40)]
    return {**golden, "texts": texts, "decodes": [{"ids": ids, "text": inner.decode(ids)} for ids in lists]}


def small() -> dict:
    """Pieces that join user-defined ones, that spell control ones, that can be made in two ways, of equal scores."""
    kinds = {"normal": 1, "unknown": 2, "control": 3, "user": 4, "byte": 6}
    pieces = [("<unk>", 0, "unknown"), ("<s>", 0, "control"), ("</s>", 0, "control"), ("ab", 0, "user"), ("a▁b", 0, "user")]
    pieces += [(f"<0x{byte:02X}>", 0, "byte") for byte in range(256)]
    pieces += [(text, -i, "normal") for i, text in enumerate(["aa", "aaa", "abc", "▁ab", "<s", "s>", "b<", "cc"])]
    pieces += [(text, -9, "normal") for text in ["▁▁", "▁▁▁", "▁▁▁▁", "bb", "bbb"]]
    pieces += [(text, -20, "normal") for text in "▁abc<s>/0x41é"]
    made = random.Random(11)
    texts = ["abc", "xabc ab", "a b", "a bb", "<s>", "<s>ab</s>", "aaaaa", "bbbbb", "     ", "<0x41>", "é🌍", "caaab", "cccc"]
    texts += ["".join(made.choice("aabbc <s>/é") for _ in range(made.randint(1, 16))) for _ in range(200)]
    models = []
    for dummy_prefix in (True, False):
        model = sentencepiece_model_pb2.ModelProto()
        for text, score, kind in pieces:
            model.pieces.add(piece=text, score=score, type=kinds[kind])
        model.trainer_spec.model_type = 2
        model.trainer_spec.byte_fallback = True
        model.normalizer_spec.name = "identity"
        model.normalizer_spec.remove_extra_whitespaces = False
        model.normalizer_spec.add_dummy_prefix = dummy_prefix
        spm = SentencePieceProcessor(model_proto=model.SerializeToString())
        encoded = [{"text": text, "ids": spm.encode(text), "decoded": spm.decode(spm.encode(text))} for text in texts]
        models.append({"model": base64.b64encode(model.SerializeToString()).decode(), "texts": encoded})
    return {"models": models}


def python_json() -> dict:
    made = random.Random(3)
    texts = ["", " ", "null", "true", "TRUE", "None", "nan", "NaN", "-NaN", "Infinity", "-Infinity", "+1", "1", "-0", "-0.0", "0.0", "01", "1.",
             ".5", "1e5", "1E+5", "1e-5", "-1e-05", "0.0001", "0.00012345", "123456.789", "1e15", "1e16", "9007199254740993", "1e22",
             "1e400", "-1e400", "5e-324", "1.7976931348623157e308", "123456789012345678901234567890", "100000.0e-3", "1 2",
             "[1 2]", "[1,]", "[1,,2]", "{}", "{ }", "[ ]", '{"a":1,"b":[1,2,{"c":null}]}', '{"a" : 1 , "10":2,"9":3}', "{'a':1}",
             '{"a":1', '"', '"abc', 'abc"', '"a"b', '"a" "b"', '"\\""', r'"\u00e9\u0001\n\/\"\\\ud83c\udf0d"', '"\t"', '"tab\there"', '"\u2028\x7f"',
             "\ufeff1", "\u00a01", " \t\r\n 1 \n", "[NaN,-Infinity,1.0]", '"NaN"', "[[[[[[]]]]]]", ":", ",", "{:}", '{"a":}', "truefalse",
             "[true,false]", '{"NaN":NaN}', "1e", "0x10", "1_000", "\v1", "//", '{"":""}']  # fmt: skip
    for _ in range(60):
        texts.append(repr(struct.unpack("<d", made.randbytes(8))[0]))
        texts.append(f"{made.uniform(-1, 1) * 10 ** made.randint(-8, 20):.{made.randint(1, 17)}g}")
    cases = []
    for text in texts:
        try:
            cases.append({"text": text, "json": json.dumps(json.loads(text), ensure_ascii=False)})
        except json.JSONDecodeError:
            cases.append({"text": text, "json": None})
    return {"cases": cases}


def metaspace() -> dict:
    vocabulary = {word: id for id, word in enumerate(["<unk>", "<s>", "</s>", "▁", "a", "▁a", "▁▁", "b", "▁b", "▁▁▁▁", "ab", "\n", "a\n", "\n▁", "\n▁a"])}
    merges = [("▁", "a"), ("▁", "b"), ("▁", "▁"), ("▁▁", "▁▁"), ("a", "b"), ("\n", "▁a"), ("a", "\n"), ("\n", "▁")]
    texts = ["aa\na", "a aa\n aa\n", "a\nb a\na", "a\n a\n  b", "<s>a\n\n a", "a", " a", "  a", "a b", "a    b", "<s>a", "<s> a", "<s>a</s>b", "a<s>b", "a<s> b", "<s><s>a", " <s>ab", "▁a<s>▁a",
             "<s>    a", "ab<s>    ab"]  # fmt: skip
    cases = []
    old = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
    schemes = [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
               for scheme in ("first", "always", "never") for split in (False, True)]  # fmt: skip
    for given in [None, old, *schemes, {"type": "Sequence", "pretokenizers": [schemes[0]]}]:
        made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
        made.add_special_tokens([AddedToken(word, normalized=False) for word in ("<unk>", "<s>", "</s>")])
        if given is None:
            made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        source = json.loads(made.to_str())
        source["pre_tokenizer"] = given
        source["decoder"] = {"type": "ByteFallback"}
        made = Tokenizer.from_str(json.dumps(source))
        encoded = [{"text": text, "ids": made.encode(text, add_special_tokens=False).ids} for text in texts]
        cases.append({"tokenizer": source, "texts": encoded})
    return {"cases": cases}


def dumped(golden: dict) -> str:
    versions = {"mistral_common": mistral_common.__version__, "tokenizers": tokenizers.__version__}
    lines = json.dumps({"made": {"by": "mistral/make.py", **versions}, **golden}, separators=(",", ":"))
    for key in ("text", "ids", "messages", "tokenizer", "model", "rank"):
        lines = lines.replace(f'{{"{key}":', f'\n{{"{key}":')
    return lines + "\n"


def everything() -> dict[str, dict]:
    v1 = MistralTokenizer.v1()
    legacy = original(SentencePieceProcessor(model_file=str(v1.instruct_tokenizer.tokenizer.file_path)))
    return {
        "v1.json": {**goldens("v1", v1, 400), "original": legacy},
        "v2.json": goldens("v2", MistralTokenizer.v2(), 40),
        "v3.json": goldens("v3", MistralTokenizer.v3(), 100),
        "tekken.json": tekken_file(),
        "tekken-ids.json": tekken(),
        "small.json": small(),
        "metaspace.json": metaspace(),
        "python-json.json": python_json(),
    }


if __name__ == "__main__":
    for name, golden in everything().items():
        if sys.argv[1:] != ["check"]:
            (HERE / name).write_text(dumped(golden))
        elif {**json.loads((HERE / name).read_text()), "made": None} != {**json.loads(dumped(golden)), "made": None}:
            sys.exit(f"{name} is not what {__file__} writes")
