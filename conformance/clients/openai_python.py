"""The official client for Python, unmodified, against a running server.

Usage: python openai_python.py URL MODEL [KEY]
"""

import asyncio
import re
import sys
import time

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI

from checks import check, finish

if len(sys.argv) < 3:
    sys.exit(__doc__)
URL, MODEL = sys.argv[1:3]
KEY = sys.argv[3] if len(sys.argv) > 3 else "none"
options = {"base_url": f"{URL}/v1", "api_key": KEY, "max_retries": 0}
client = OpenAI(timeout=120, **options)
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a colour."}]
GREEDY = {"model": MODEL, "messages": QUESTION, "max_tokens": 4, "temperature": 0}
LONG = {**GREEDY, "max_tokens": 200, "extra_body": {"ignore_eos": True}}


def thrown(run, kind, **fields):
    """What must be raised: an error of this class with these attributes, which is returned."""
    try:
        value = run()
    except kind as error:
        for field, expected in fields.items():
            assert getattr(error, field) == expected, f"{field} is {getattr(error, field)!r}, expected {expected!r}"
        return error
    raise AssertionError(f"expected {kind.__name__}, found {value!r}")


def settled(live=0):
    """Waits until `live` generations run and none waits, for 10 s at most."""
    started = time.monotonic()
    while True:
        text = client.get("/../metrics", cast_to=str)
        names = ("tramontane_slots_live", "tramontane_queue_length")
        found = [int(re.search(rf"^{name} (\d+)$", text, re.M)[1]) for name in names]
        if found == [live, 0]:
            return
        assert time.monotonic() - started < 10, f"expected {live} live and none waiting, found {found}"
        time.sleep(0.05)


@check("models.list and models.retrieve")
def _():
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).object == "model"


@check("chat")
def plain():
    reply = client.chat.completions.create(**GREEDY)
    choice = reply.choices[0]
    assert reply.id.startswith("chatcmpl-") and reply.object == "chat.completion" and reply._request_id
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert reply.usage.completion_tokens <= 4
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.prompt_tokens_details.cached_tokens >= 0
    return reply


answer = plain.choices[0].message.content if plain else ""


@check("with_raw_response, content parts, a developer message at the end")
def _():
    parts = [{"type": "text", "text": text} for text in ("Name a", " colour.")]
    messages = [{"role": "user", "content": parts}, {"role": "developer", "content": "Be brief."}]
    raw = client.chat.completions.with_raw_response.create(**{**GREEDY, "messages": messages})
    assert raw.headers["x-request-id"] == raw.parse()._request_id
    assert raw.parse().choices[0].message.content == answer


@check("conversation of several turns; max_completion_tokens")
def _():
    messages = [*QUESTION, {"role": "assistant", "content": "Red."}, {"role": "user", "content": "Another?"}]
    reply = client.chat.completions.create(model=MODEL, messages=messages, max_completion_tokens=2, temperature=0)
    assert reply.usage.completion_tokens <= 2 and reply.usage.prompt_tokens > plain.usage.prompt_tokens


@check("stream: deltas make the plain answer, usage comes last")
def _():
    *chunks, last = client.chat.completions.create(**GREEDY, stream=True, stream_options={"include_usage": True})
    assert last.choices == [] and last.usage.total_tokens == plain.usage.total_tokens
    assert all(chunk.usage is None and chunk.id == last.id for chunk in chunks)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == answer
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason]
    assert reasons == [plain.choices[0].finish_reason]


@check("chat.completions.stream: events and the final completion, n = 2, logprobs")
def _():
    asked = {**GREEDY, "n": 2, "stop": answer[-3:-1], "logprobs": True, "top_logprobs": 2}
    whole = client.chat.completions.create(**asked)
    with client.chat.completions.stream(**asked) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done", "logprobs.content.delta"} <= kinds, kinds
    assert [choice.index for choice in final.choices] == [0, 1]
    for one, other in zip(whole.choices, final.choices):
        assert one.finish_reason == other.finish_reason == "stop"
        assert one.message.content == other.message.content
        assert one.logprobs.content == other.logprobs.content
        spelled = bytes(byte for token in one.logprobs.content for byte in token.bytes)
        assert spelled.decode() == one.message.content
        assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in one.logprobs.content)
    # The client's own way to say that an answer was cut off.
    with client.chat.completions.stream(**{**GREEDY, "max_tokens": 1}) as stream:
        thrown(stream.get_final_completion, openai.LengthFinishReasonError)


@check("seed: the same answer again, and another for another seed")
def _():
    def seeded(seed):
        reply = client.chat.completions.create(**{**GREEDY, "temperature": 2}, seed=seed)
        return reply.choices[0].message.content

    first = seeded(1)
    assert seeded(1) == first and seeded(2) != first


@check("stop: cut before it, plain and streamed")
def _():
    stop = answer[-3:-1]
    reply = client.chat.completions.create(**GREEDY, stop=[stop])
    assert reply.choices[0].message.content == answer[: answer.index(stop)]
    assert reply.choices[0].finish_reason == "stop"
    chunks = client.chat.completions.create(**GREEDY, stop=stop, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == reply.choices[0].message.content


@check("completions: a prompt of tokens, a stream, two prompts, echo with logprobs")
def _():
    asked = {"model": MODEL, "max_tokens": 3, "temperature": 0}
    whole = client.completions.create(**asked, prompt="One, two,")
    assert whole.id.startswith("cmpl-") and whole.object == "text_completion"
    chunks = client.completions.create(**asked, prompt="One, two,", stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    tokens = client.post("/../tokenize", body={"model": MODEL, "prompt": "One, two,"}, cast_to=object)["tokens"]
    two = client.completions.create(**asked, prompt=[tokens, tokens[:1]])
    assert [choice.index for choice in two.choices] == [0, 1]
    assert two.choices[0].text == whole.choices[0].text
    echoed = client.completions.create(**asked, prompt="One, two,", echo=True, logprobs=2).choices[0]
    assert "".join(echoed.logprobs.tokens) == echoed.text == "One, two," + whole.choices[0].text
    assert echoed.logprobs.token_logprobs[0] is None


@check("401, 404 and 400 are AuthenticationError, NotFoundError and BadRequestError")
def _():
    stranger = OpenAI(**{**options, "api_key": "wrong"})
    thrown(stranger.models.list, openai.AuthenticationError, status_code=401, code="invalid_api_key")
    create = client.chat.completions.create
    error = thrown(lambda: create(**{**GREEDY, "model": "gpt-9"}), openai.NotFoundError, code="model_not_found")
    assert error.param == "model" and error.request_id
    thrown(lambda: client.models.retrieve("gpt-9"), openai.NotFoundError, code="model_not_found")
    thrown(lambda: client.responses.create(model=MODEL, input="Hi"), openai.NotFoundError, status_code=404)
    thrown(lambda: create(**{**GREEDY, "temperature": 3}), openai.BadRequestError, param="temperature")
    thrown(lambda: create(**{**GREEDY, "messages": []}), openai.BadRequestError, param="messages")
    functions = [{"name": "f", "parameters": {}}]
    thrown(lambda: create(**GREEDY, functions=functions), openai.BadRequestError, param="functions")
    long = [{"role": "user", "content": "word " * 20_000}]
    thrown(lambda: create(**{**GREEDY, "messages": long}), openai.BadRequestError, code="context_length_exceeded")


async def occupy(create):
    """Takes every slot and every place in the queue: streams, as many as there is room for."""
    tried = await asyncio.gather(*(create(**LONG, stream=True) for _ in range(64)), return_exceptions=True)
    streams = [stream for stream in tried if not isinstance(stream, Exception)]
    refused = [error for error in tried if isinstance(error, Exception)]
    assert streams and refused and all(isinstance(error, openai.RateLimitError) for error in refused), refused
    return streams


@check("AsyncOpenAI: 429 is RateLimitError; retries wait as Retry-After says and then succeed")
def _():
    seen, streams = [], []

    async def note(response):
        """Keeps status and time of a reply; makes room when it is a refusal."""
        seen.append((response.status_code, time.monotonic()))
        if response.status_code == 429:
            while streams:
                await streams.pop().close()

    async def run():
        http_client = DefaultAsyncHttpxClient(event_hooks={"response": [note]})
        patient = AsyncOpenAI(**{**options, "max_retries": 4}, http_client=http_client)
        async with AsyncOpenAI(**options, timeout=120) as many, patient:
            streams.extend(await occupy(many.chat.completions.create))
            try:
                await many.chat.completions.create(**GREEDY)
                raise AssertionError("expected RateLimitError")
            except openai.RateLimitError as error:
                wait = int(error.response.headers["retry-after"])
            assert 1 <= wait <= 60, wait
            reply = await patient.chat.completions.create(**GREEDY)
            assert reply.choices[0].message.content == answer
            statuses = [status for status, _ in seen]
            assert statuses[:-1] == [429] * (len(seen) - 1) and len(seen) > 1 and statuses[-1] == 200, statuses
            # Without the header it would have come again after half a second.
            pauses = [later - sooner for (_, sooner), (_, later) in zip(seen, seen[1:])]
            assert min(pauses) >= wait, pauses

    asyncio.run(run())
    settled()


@check("a stream left early, a cancelled request and a lost patience free their slots")
def _():
    stream = client.chat.completions.create(**LONG, stream=True)
    next(chunk for chunk in stream if chunk.choices[0].delta.content)
    settled(1)
    stream.close()
    settled()

    async def cancelled():
        async with AsyncOpenAI(**options) as one:
            task = asyncio.create_task(one.chat.completions.create(**LONG))
            await asyncio.to_thread(settled, 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()

    asyncio.run(cancelled())
    settled()
    thrown(lambda: client.with_options(timeout=0.5).chat.completions.create(**LONG), openai.APITimeoutError)
    settled()


finish()
