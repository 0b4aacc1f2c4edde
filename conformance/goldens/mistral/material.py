"""Texts and chats whose token ids are goldens: difficult alphabets, spaces, control tokens typed by users, tools."""

import random

TEXTS = [
    "", " ", "  ", "   ", "hello", " hello", "  hello", "hello ", "hello  ", "hello   world", "Hello, world!",
    *(" " * n for n in (4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33, 48, 100)),
    *("a" + " " * n + "b" for n in range(2, 20)),
    "\n", "\n\n", " \n", "\n ", "\t", "\t\t", "a\tb", "\r\n", "a\r\nb", "\v\f", "def f(n):\n    if n:\n\treturn 1\n",
    "0123456789", "3.14159", "1,000,000", "2026-01-31", "x2y3", "٣٤٥", "½ ² Ⅻ ①", "7" * 50,
    "[INST]", "[/INST]", "[INST] Hi [/INST]", "<s>", "</s>", "<s>Hi</s>", "<s><s>", "<unk>", "<pad>", "[TOOL_CALLS]",
    "[AVAILABLE_TOOLS] [", "[TOOL_RESULTS]", "[control_8]", "[IMG]", "[PREFIX]", "<0x0A>", "<0x41>", "a<0x00>b",
    "[REFERENCE_DOC_0]", "see [REFERENCE_DOC_19], and[REFERENCE_DOC_1]x[REFERENCE_DOC_10", "▁", "▁▁", "a▁b", "▁hello",
    "Привет, мир!", "Γειά σου", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "வணக்கம்", "გამარჯობა",
    "こんにちは、世界。", "你好，世界！", "안녕하세요", "龘靐齉", "𠀀𠀁𪚥", "ꀀꀁꒌ", "ᚠᚢᚦ", "𓀀𓀁", "ꦗꦮ", "ߒߞߏ", "ᠮᠣᠩᠭᠣᠯ",
    "🌍🚀✨", "👩‍👩‍👧‍👦", "🏳️‍🌈 👍🏽 🇪🇺 1️⃣", "e\u0301 vs é", "Z\u0351\u036b\u0343", "ﬁ", "\u00a0", "a\u00a0b", "\u3000", "\u200b\u2060\ufeff",
    "\ufeffbom", "\u0000", "a\u0000b", "\u0001\u001f\u007f\u0080", "\ufffd\uffff\U0010ffff\ue000", "naïve café – “quoted” …",
    "I'm sure they've said we'll go; it's John's.", "camelCase snake_case kebab-case __dunder__", "!!!???...---===", "a" * 200,
    "for (let i = 0; i < 10; i++) { a[i] ??= `x${i}`; }", '{"key": [1, 2.5, null], "s": "\\u00e9"}', "https://example.org/a?b=c&d=%20",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "The quick brown fox jumps over the lazy dog.",
]  # fmt: skip
ALPHABETS = [
    " a", "  \n\t", "ab ", "abcdefghij ", "aAbB \n", "0123456789 .,-", "[]INST/ ", "<s>/ ", "<0x1A>", "▁ a", "éè\u0301 e",
    "漢字仮名𠀀 ", "ꀀꒌ🌍👩\u200d\U0001f3fd ", "абвг АБ ", "\u0000\u0001\u007f\u0080\u07ff\u0800\uffff", "the tion ing ", "==--**__  ",
]  # fmt: skip
WORDS = "the of and to in is Mistral tokenizer return  int ( ) [ ] { } \n \n\n \t 你 好 世界 ▁ é 🌍 [INST] </s> 12 3.5 ing ed".split(" ")


def corpus(count: int) -> list[str]:
    made = random.Random(20240323)
    texts = []
    for i in range(count):
        pick = WORDS if i % 3 == 2 else made.choice(ALPHABETS)
        texts.append("".join(made.choice(pick) for _ in range(made.randint(1, 24))))
    return texts


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def call(name, arguments, id="123456789"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*made):
    return {"role": "assistant", "content": None, "tool_calls": list(made)}


def result(content, id="123456789", **more):
    return {"role": "tool", "tool_call_id": id, "content": content, **more}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather, “now” — in °C.",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city, e.g. São Paulo 🌍"},
                "format": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "number", "minimum": 0.5, "maximum": 1e-7, "default": -3},
            },
            "required": ["location", "format"],
        },
    },
}
BARE = {"type": "function", "function": {"name": "now", "strict": True}}
QUESTION = "What's the weather like today in Paris"

PLAIN_CHATS = [
    [user("Hello!")],
    [user("")],
    [user(" ")],
    [user("What's the result of 5 + 5?"), assistant("The result of 5 + 5 is 10."), user("What is the square root of 64?"),
     assistant("The square root of 64 is 8, because 8 x 8 equals 64."),
     user("Can you multiply the results of the previous two questions?"),
     assistant("Sure! The result of 10 x 8 is 80."), user("Thanks")],
    [system("You are a helpful assistant"), user("Hello")],
    [system("You are a helpful assistant"), user("Hello"), assistant("   I am an assistant   "), user("Bye")],
    [system("Be terse."), user("a"), assistant("b"), user("c"), assistant("d"), user("e")],
    [system("One."), system("Two."), user("Hi")],
    [user("Hi"), system("Late."), user("Again"), assistant("Yes"), user("Ok")],
    [user("Hi"), system("Last of all.")],
    [{"role": "developer", "content": "As a system message."}, system("And one."), user("Hi")],
    [system("Alone.")],
    [system(""), user("Hi")],
    [system("First."), assistant("I begin."), user("Hi")],
    [assistant("I begin."), user("Hi")],
    [user("one"), user("two"), user(""), user("three")],
    [user("Hi"), assistant("one"), assistant("two  "), user("Ok")],
    [user("  leading"), assistant("  leading\n"), user("trailing  ")],
    [user("trailing\n\n"), assistant("tab\t "), user("\n")],
    [user("   "), assistant("      x      y     "), user("    indented\n        more\n")],
    [user("[INST] injected [/INST]"), assistant("</s><s>[INST]"), user("</s>")],
    [user("<s><s>"), assistant("<unk>"), user("[TOOL_CALLS] [{}]")],
    [user("[TOOL_RESULTS] {}[/TOOL_RESULTS] [AVAILABLE_TOOLS] [IMG][PREFIX][control_12][REFERENCE_DOC_3]")],
    [system("<s>[INST]"), user("[/INST]")],
    [user("0x41 <0x41> <0x0A>"), assistant("0123456789 3.14"), user("٣٤٥ ½")],
    [user("नमस्ते 🌍 e\u0301 👩‍👩‍👧‍👦\r\n\ttab"), assistant("龘𠀀ꀀ ᚠ\u0000"), user("世界 ▁ a▁b")],
    [system("Éire 你好"), user("1+1?"), assistant("2"), user("2+2?"), assistant("4"), user("ok")],
    [user("{{ 7 * 7 }} {% raw %}"), assistant("<b>&amp;</b> \"q\" 'q'"), user("\\n \\u00e9")],
    [user([{"type": "text", "text": "part one"}, {"type": "text", "text": "part two"}])],
    [user("Go on"), assistant("Once upon a", prefix=True)],
    [user("Go on"), assistant("Once upon a ", prefix=True)],
]  # fmt: skip

TOOL_CHATS = [
    ([user(QUESTION)], [WEATHER]),
    ([system("Be exact."), user("Hi"), assistant("Hello"), user(QUESTION)], [WEATHER, BARE]),
    ([user(QUESTION), calls(call("get_current_weather", '{"location": "Paris, France", "format": "celsius"}')),
      result("22")], [WEATHER]),
    ([user(QUESTION), calls(call("get_current_weather", {"location": "São Paulo", "n": 1})),
      result('{"temperature": 22.50, "ok": true, "none": null}', name="get_current_weather"),
      assistant("22 degrees."), user("And tomorrow?")], [WEATHER]),
    ([system("Sys"), user(QUESTION), calls(call("now", "{}", id="abcDEF123")), result("not json ✓", id="abcDEF123"),
      assistant("Fine. "), user("More"), calls(call("now", "", id="XYZ456789")), result("", id="XYZ456789")], [BARE]),
    ([user(QUESTION), calls(call("f", '{"b":1,"a":[1.0,-0,-0.0,1e5,1E+22,1e-5,0.0001,123456789012345678901234567890]}')),
      result('[1.50, 1e16, 1e15, 123456.789e3, "\\u00e9\\n\\u0001\\ud83c\\udf0d\\/", {}, [], [ ] ]')], []),
    ([user(QUESTION), calls(call("f", '{"z": 1, "10": 2, "2": {"y":"[INST]"}}')), result("NaN")], []),
    ([user(QUESTION), calls(call("f", "not json")), result('"quoted"')], []),
    ([user(QUESTION), calls(call("f", ' { "spaced" : [ 1 , 2 ] } ')), result("  ")], []),
    ([user(QUESTION), calls(call("f", "{}")), result('{"inf": [-Infinity, Infinity], "x": "NaN"}')], []),
    ([user(QUESTION), calls(call("f", "{}")), result("{'single': 1}")], []),
    ([user(QUESTION), calls(call("f", None)), result([{"type": "text", "text": "[1,"}, {"type": "text", "text": "2]"}])], []),
    ([user(QUESTION), calls(call("f", "{}")), result("</s>[/TOOL_RESULTS][INST]\u2028 \u007f")], []),
    ([user("Hi"), assistant("Ok"), user("two"), user("users")], [WEATHER]),
]  # fmt: skip
SEVERAL_RESULTS = [
    ([user(QUESTION), calls(call("f", "{}", id="aaaaaaaa1"), call("g", '{"x": 1}', id="aaaaaaaa2")),
      result("1", id="aaaaaaaa1"), result("2", id="aaaaaaaa2")], [WEATHER]),
    ([user(QUESTION), calls(call("f", "{}", id="aaaaaaaa1"), call("g", '{"x": 1}', id="aaaaaaaa2")),
      result("1", id="aaaaaaaa1"), result("2", id="aaaaaaaa2"), assistant("Both."), user("Again"),
      calls(call("f", "{}", id="aaaaaaaa3")), result("3", id="aaaaaaaa3"), calls(call("g", "{}", id="aaaaaaaa4")),
      result("4", id="aaaaaaaa4")], [WEATHER, BARE]),
]  # fmt: skip
REFUSED = [
    ([], None),
    ([assistant("Hi")], None),
    ([user("Hi"), assistant("Hello")], None),
    ([user("Hi"), assistant(""), user("x")], None),
    ([user("Hi"), assistant(None), user("x")], None),
    ([user("Hi"), result("1")], None),
    ([user("Hi"), system("s"), result("1")], None),
    ([user("Hi"), assistant("a"), system("s"), user("x")], None),
    ([user("Hi"), {"role": "assistant", "content": "both", "tool_calls": [call("f", "{}")]}, result("1")], None),
    ([user("Hi"), assistant("text"), calls(call("f", "{}")), result("1")], None),
    ([user("Hi"), calls(call("bad name", "{}")), result("1")], None),
    ([user("Hi"), calls(call("f" * 65, "{}")), result("1")], None),
    ([user("Hi"), calls(call("f", "{}")), result("1", name="bad name")], None),
    ([user("Hi"), calls(call("f", "{}"), call("g", "{}")), result("1"), assistant("x"), user("y")], None),
    ([user("Hi"), calls(call("f", "{}")), result("1"), result("2"), assistant("x"), user("y")], None),
    ([user(None)], None),
    ([system(None), user("x")], None),
    ([user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}])], None),
    ([user("Hi")], [{"type": "function", "function": {"name": "bad name", "parameters": {}}}]),
    ([user("Hi")], [{"type": "function", "function": {"description": "no name"}}]),
    ([{"role": "robot", "content": "x"}], None),
]  # fmt: skip
REFUSED_V1 = [([user("Hi"), calls(call("f", "{}")), result("1")], None)]
REFUSED_V2 = [SEVERAL_RESULTS[0]]
REFUSED_V3 = [
    ([user("Hi"), calls(call("f", "{}", id=bad)), result("1", id=bad)], None)
    for bad in ("", "short", "1234567890", "12345678!", "call_1234", "null")
] + [
    ([user("Hi"), calls({"type": "function", "function": {"name": "f", "arguments": "{}"}}), result("1")], None),
    ([user("Hi"), calls(call("f", "{}")), result("1", id="call_1234")], None),
    ([user("Hi"), calls(call("f", "{}")), result("1", id=None)], None),
]
