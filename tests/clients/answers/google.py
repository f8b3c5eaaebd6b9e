"""Gemini, of the Gemini API and of Vertex AI, read by google-genai."""

import json
from typing import Any

from tests.clients.answers.said import Calls, Said


def gemini(url: str, said: Said) -> None:
    from google import genai

    client = genai.Client(api_key="none", http_options={"base_url": url})
    read_chunks(client, said)


def vertex(url: str, said: Said) -> None:
    from google import genai
    from google.oauth2.credentials import Credentials

    client = genai.Client(
        vertexai=True,
        project="p",
        location="us-east5",
        credentials=Credentials(token="none"),
        http_options={"base_url": url},
    )
    read_chunks(client, said)


def read_chunks(client: Any, said: Said) -> None:
    calls = Calls()
    for chunk in client.models.generate_content_stream(model="m", contents="Hello"):
        for candidate in chunk.candidates or ():
            if not candidate.index:
                read_candidate(candidate, calls, said)
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            said.finish_reason = chunk.prompt_feedback.block_reason.value
        if usage := chunk.usage_metadata:
            read_usage(usage, said)
    said.calls = calls.whole()


def read_candidate(candidate: Any, calls: Calls, said: Said) -> None:
    for part in (candidate.content and candidate.content.parts) or ():
        if part.text and part.thought:
            said.reasoning += part.text
        elif part.text:
            said.text += part.text
        elif part.function_call:
            read_call(part.function_call, calls)
        elif part.tool_call:  # of a tool that the server runs
            name = part.tool_call.tool_type.value
            calls.add(object(), name, json.dumps(part.tool_call.args or {}))
        elif part.executable_code:
            calls.add(object(), "code_execution", part.executable_code.code)
    if candidate.finish_reason:
        said.finish_reason = candidate.finish_reason.value


def read_call(call: Any, calls: Calls) -> None:
    """A call comes whole, or Vertex AI was asked for its arguments value by value: of these the SDK
    hands on the pieces, and an empty one at the end."""
    if call.will_continue or call.partial_args:
        pieces = (piece.string_value or "" for piece in call.partial_args or ())
        calls.add("streamed", call.name, "".join(pieces))
    elif call.name:
        calls.add(object(), call.name, json.dumps(call.args or {}))


def read_usage(usage: Any, said: Said) -> None:
    """Thoughts are counted apart, and billed as output."""
    said.prompt_tokens = usage.prompt_token_count
    counts = (usage.candidates_token_count, usage.thoughts_token_count)
    if any(count is not None for count in counts):
        said.output_tokens = sum(count or 0 for count in counts)


def interactions(url: str, said: Said) -> None:
    from google import genai

    client = genai.Client(api_key="none", http_options={"base_url": url})
    calls = Calls()
    for event in client.interactions.create(model="m", input="Hello", stream=True):
        match event.event_type:
            case "step.start" if event.step.type.endswith("_call"):
                name = getattr(event.step, "name", None) or event.step.type.removesuffix("_call")
                calls.add(event.index, name, "")
            case "step.delta":
                read_step(event, calls, said)
            case "interaction.completed":
                said.finish_reason = event.interaction.status
                read_total(event.interaction.usage, said)
    said.calls = calls.whole()


def read_step(event: Any, calls: Calls, said: Said) -> None:
    match event.delta.type:
        case "text":
            said.text += event.delta.text
        case "thought_summary":
            said.reasoning += event.delta.content.text
        case "arguments_delta":
            calls.add(event.index, None, event.delta.arguments)
        case type_ if type_.endswith("_call"):
            calls.add(event.index, None, event.delta.arguments.model_dump_json(exclude_unset=True))


def read_total(usage: Any, said: Said) -> None:
    said.prompt_tokens = usage.total_input_tokens
    said.output_tokens = usage.total_output_tokens + (usage.total_thought_tokens or 0)
