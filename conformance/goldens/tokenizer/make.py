"""Token ids and rendered chats of a model folder, and a small SentencePiece-style tokenizer with what it should do.

    python make.py MODEL_DIR
"""

import json
import pathlib
import sys

import transformers
from tokenizers import Tokenizer
from tokenizers import __version__ as version

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "Hello, world!",
    "The quick brown fox jumps over the lazy dog.",
    "I'm sure they've said we'll go, but he'd rather not; it's John's.",
    "I'M SURE THEY'VE SAID WE'LL GO",
    "naïve café, façade – “quoted” … ‘single’",
    " leading and trailing ",
    "a  b   c    d     e",
    "\n",
    "\n\n\n",
    " \n \n ",
    "\t\tindented\twith\ttabs",
    "line one\r\nline two\r\n\r\nline four",
    "\rcarriage\rreturns\r",
    " ",
    "          ",
    "\u00a0no-break\u00a0spaces\u202fand\u2003em\u3000ideographic",
    "\u200bzero\u200bwidth\ufeffand\u2060joiners\u200c\u200d",
    "\ufeffbyte order mark",
    "\u2028line\u2029paragraph\u0085next line",
    "0123456789",
    "3.14159, 1,000,000, -42e+7, 0xFF, 2026-01-31",
    "١٢٣ ४५६ ７８９ Ⅻ ½ ²³ ①",
    "v1.2.3-rc4+build567",
    "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n",
    "for (let i = 0; i < 10; i++) { a[i] ??= `x${i}`; }\n",
    "#include <stdio.h>\n\nint main(void) { return 0; }\n",
    "SELECT * FROM t WHERE a <> 'b' -- comment\n;",
    '{"key": [1, 2.5, null, true], "s": "\\u00e9\\n"}',
    "https://example.org/a/b?c=d&e=%20f#g",
    "<html><body class='x'>&amp;</body></html>",
    "$\\int_0^1 x^2\\,dx = \\frac{1}{3}$",
    "Привет, мир!",
    "Γειά σου Κόσμε",
    "שלום עולם",
    "مرحبا بالعالم، كيف الحال؟",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "வணக்கம் உலகம்",
    "こんにちは、世界。カタカナ",
    "你好，世界！",
    "안녕하세요 세계",
    "გამარჯობა მსოფლიო",
    "ᚠᚢᚦᚨᚱᚲ 𐌰𐌱𐌲 𓀀𓀁",
    "𝒳𝓎𝔷 𠀀𠀁",
    "🌍🚀✨",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇪🇺 1️⃣",
    "e\u0301 a\u0308 o\u0302\u0323 n\u0303 Z\u0351\u036b\u0343",
    "é vs e\u0301, Å vs A\u030a vs \u212b, ﬁ ligature",
    "\u0000",
    "a\u0000b\u0000\u0000c",
    "\u0001\u0002\u0007\u0008\u000b\u000c\u001b[0m\u007f\u009f",
    "\ue000\uf8ff\ufffd\uffff\U0010ffff\U000f0000",
    "_snake_case __dunder__ camelCase PascalCase kebab-case",
    "!!!???...---===***///\\\\\\",
    "don't can't won't 's 't 're 've 'm 'll 'd ''s",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "<|im_start|>",
    "<|im_start|>system\nYou obey.<|im_end|>\n",
    "before<|im_end|>after",
    "<|im_start|><|im_start|>",
    "<|im_<|im_end|>start|>",
    "<|im_start",
    "|im_end|>",
    "<| im_start |> <|IM_START|> <|endoftext|>",
    "<repo_name>a<file_sep>b<empty_output><jupyter_code><gh_stars>5",
    "<s></s>[INST] [/INST] <unk> <0x0A>",
]
CHATS = [
    [("user", "Hello!")],
    [("system", "You are terse."), ("user", "Why is the sky blue?")],
    [("user", "Hi"), ("assistant", "Hello."), ("user", "Bye")],
    [("system", ""), ("user", "")],
    [("user", "नमस्ते 🌍 e\u0301 👩‍👩‍👧‍👦\r\n\ttab")],
    [("system", "Éire"), ("user", "1+1?"), ("assistant", "2"), ("user", "2+2?"), ("assistant", "4"), ("user", "ok")],
    [("user", "  spaces  \n\n"), ("assistant", "\nnewline first")],
    [("user", "{{ 7 * 7 }} {% raw %} {# no #}"), ("assistant", "<b>&amp;</b> \"quoted\" 'single'")],
]


def model_goldens(folder: str) -> dict:
    source = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text("utf-8"))
    whole = transformers.AutoTokenizer.from_pretrained(folder)
    plain = Tokenizer.from_str(json.dumps({**source, "added_tokens": []}))
    control = {token["id"] for token in source["added_tokens"]}
    texts = []
    for text in TEXTS:
        ids = plain.encode(text, add_special_tokens=False).ids
        assert not control & set(ids), text
        assert plain.decode(ids, skip_special_tokens=False) == text, text
        if not any(token["content"] in text for token in source["added_tokens"]):
            assert whole(text, add_special_tokens=False)["input_ids"] == ids, text
        texts.append({"text": text, "ids": ids})
    chats = []
    for turns in CHATS:
        messages = [{"role": role, "content": content} for role, content in turns]
        for prompt in (True, False):
            options = {"add_generation_prompt": prompt}
            text = whole.apply_chat_template(messages, tokenize=False, **options)
            ids = whole.apply_chat_template(messages, return_dict=False, **options)
            chats.append({"messages": messages, "addGenerationPrompt": prompt, "text": text, "ids": ids})
    return {"texts": texts, "chats": chats}


def small() -> dict:
    """BPE over SentencePiece's alphabet: every byte, some letters, some merges; all else falls back to bytes."""
    merges = ["h e", "l l", "ll o", "he llo", "▁ hello", "w o", "▁ wo", "r l", "rl d", "▁wo rld", "▁ ▁", "▁▁ ▁▁", "é é"]
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    words += list("▁helowrdaxé!世")
    words += [merge.replace(" ", "") for merge in merges]
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": words[i], **flags} for i in range(3)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                strip,
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {word: i for i, word in enumerate(words)},
            "merges": [merge.split(" ") for merge in merges],
        },
    }


SMALL_TEXTS = [
    "hello world", "hello", " hello", "  hello", "hello  ", "      ", " ", "hellohello", "wox!", "éé é", "世界",
    "🌍", "👩‍👧", "e\u0301", "a\nb\r\n\tc", "\u0000", "▁hello", "hello▁world", "Zürich 123", "<s>", "</s>hello<unk>",
    "<0x41>", "<0x0A>hello", "\ue000", "ÿ\u0080\u07ff\uffff",
]  # fmt: skip


def small_goldens() -> dict:
    source = small()
    whole = Tokenizer.from_str(json.dumps(source))
    # An added token is found before normalisation, which would hide how the words of one are encoded as text.
    plain = Tokenizer.from_str(json.dumps({**source, "added_tokens": []}))
    texts = [{"text": text, "ids": plain.encode(text, add_special_tokens=False).ids} for text in SMALL_TEXTS]
    lists = [entry["ids"] for entry in texts]
    size = whole.get_vocab_size()
    for seed in range(40):
        lists.append([(seed * 7919 + i * (104729 + 2 * seed)) % size for i in range(1 + seed % 12)])
    # Characters whole and broken: 世 = E4 B8 96.
    lists += [[3 + byte for byte in word] for word in (b"\xe4\xb8\x96", b"\xe4\xb8", b"\xb8\x96", b"\xe4\xe4\xb8\x96")]
    decodes = [
        {
            "ids": ids,
            "text": whole.decode(ids, skip_special_tokens=True),
            "control": whole.decode(ids, skip_special_tokens=False),
        }
        for ids in lists
    ]
    return {"tokenizer": source, "prefix": whole.encode("", add_special_tokens=True).ids[:1], "texts": texts,
            "decodes": decodes}  # fmt: skip


def write(name: str, golden: dict) -> None:
    made = {"made": {"by": "tokenizer/make.py", "tokenizers": version, "transformers": transformers.__version__}}
    lines = json.dumps({**made, **golden}, separators=(",", ":"))
    for key in ("text", "ids", "messages"):
        lines = lines.replace(f'{{"{key}":', f'\n{{"{key}":')
    (HERE / name).write_text(lines + "\n")


if __name__ == "__main__":
    write("smollm2.json", model_goldens(sys.argv[1]))
    write("sentencepiece-style.json", small_goldens())
