"""The official client for Python, unmodified: answers of a schema, and tools.

Usage: python openai_python_structured.py URL MODEL [KEY]
"""

import json
import sys
from enum import Enum
from typing import Literal, Optional

import openai
from openai import OpenAI, pydantic_function_tool
from pydantic import BaseModel, Field

from checks import check, finish

if len(sys.argv) < 3:
    sys.exit(__doc__)
URL, MODEL = sys.argv[1:3]
KEY = sys.argv[3] if len(sys.argv) > 3 else "none"
chat = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=120).chat.completions
MESSAGES = [{"role": "user", "content": "Paint it."}]
GREEDY = {"model": MODEL, "messages": MESSAGES, "max_tokens": 96, "temperature": 0}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Paint(BaseModel):
    colour: Colour
    coats: int = Field(ge=1, le=3)
    wet: Optional[bool]


class Find(BaseModel):
    """Finds a city."""

    city: Literal["Paris", "Rome"]


TOOLS = [pydantic_function_tool(Paint), pydantic_function_tool(Find)]


@check("parse with a pydantic model")
def painted():
    choice = chat.parse(**GREEDY, response_format=Paint).choices[0]
    assert choice.finish_reason == "stop" and isinstance(choice.message.parsed, Paint), choice
    return choice.message.parsed


@check("stream with a pydantic model: parsed at the end, as in the plain reply")
def _():
    with chat.stream(**GREEDY, response_format=Paint) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == painted
    deltas = [event.delta for event in events if event.type == "content.delta"]
    assert Paint.model_validate_json("".join(deltas)) == painted and len(deltas) > 3
    [done] = [event for event in events if event.type == "content.done"]
    assert done.parsed == painted


@check("an answer that is cut is LengthFinishReasonError")
def _():
    try:
        chat.parse(**{**GREEDY, "max_tokens": 2}, response_format=Paint)
    except openai.LengthFinishReasonError:
        return
    raise AssertionError("expected LengthFinishReasonError")


@check("parse with pydantic_function_tool: parsed_arguments")
def _():
    choice = chat.parse(**GREEDY, tools=TOOLS, tool_choice="required", parallel_tool_calls=False).choices[0]
    [call] = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    assert isinstance(call.function.parsed_arguments, (Paint, Find)), call


@check("stream with tools: events of arguments; the result goes back")
def _():
    asked = {**GREEDY, "tools": TOOLS}
    named = {"type": "function", "function": {"name": "Paint"}}
    with chat.stream(**asked, tool_choice=named) as stream:
        events = list(stream)
        message = stream.get_final_completion().choices[0].message
    [call] = message.tool_calls
    deltas = [e.arguments_delta for e in events if e.type == "tool_calls.function.arguments.delta"]
    [done] = [e for e in events if e.type == "tool_calls.function.arguments.done"]
    assert "".join(deltas) == call.function.arguments == done.arguments and len(deltas) > 3
    assert isinstance(done.parsed_arguments, Paint) and json.loads(done.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "Done."}
    calls = [{"id": call.id, "type": "function", "function": {"name": "Paint", "arguments": call.function.arguments}}]
    turns = [*MESSAGES, {"role": "assistant", "tool_calls": calls}, result]
    choice = chat.create(**{**asked, "messages": turns, "max_tokens": 8}, tool_choice="none").choices[0]
    assert choice.message.tool_calls is None and choice.message.content is not None


finish()
