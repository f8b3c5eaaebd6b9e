"""Streams that no SDK for Python reads, or none of a bearable size: their JSON, field by field."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

from tests.clients.answers.said import Calls, Said


def events(url: str) -> Iterator[Any]:
    """The JSON of an event stream whose events have one line of data each."""
    with urlopen(Request(url, b"{}")) as response:
        for line in response:
            data = line.strip()
            if data.startswith(b"data:") and (data := data[5:].strip()) != b"[DONE]":
                yield json.loads(data)


def watsonx(url: str, said: Said) -> None:
    """https://cloud.ibm.com/apidocs/watsonx-ai#text-generation-stream."""
    for event in events(url):
        for result in event["results"]:
            said.text += result["generated_text"]
            said.prompt_tokens = result["input_token_count"] or said.prompt_tokens
            said.output_tokens = result["generated_token_count"]
            if result["stop_reason"] != "not_finished":
                said.finish_reason = result["stop_reason"]


def vercel_ui(url: str, said: Said) -> None:
    """https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol; the usage is
    metadata, which each back end has its own words for."""
    for event in events(url):
        match event:
            case {"type": "text-delta", "delta": text}:
                said.text += text
            case {"type": "reasoning-delta", "delta": text}:
                said.reasoning += text
            case {"type": "tool-input-available", "toolName": name, "input": value}:
                said.calls.append((name, value))
            case {"type": "error", "errorText": text}:
                said.error = text
            case {"type": "finish"}:
                said.finish_reason = event.get("finishReason")
                usage = event.get("messageMetadata", {}).get("usage", {})
                said.prompt_tokens = usage.get("promptTokens", usage.get("inputTokens"))
                said.output_tokens = usage.get("completionTokens", usage.get("outputTokens"))


def ag_ui(url: str, said: Said) -> None:
    """https://docs.ag-ui.com/concepts/events."""
    calls = Calls()
    for event in events(url):
        match event:
            case {"type": "TEXT_MESSAGE_CONTENT", "delta": text}:
                said.text += text
            case {"type": "TOOL_CALL_START", "toolCallId": id_, "toolCallName": name}:
                calls.add(id_, name, "")
            case {"type": "TOOL_CALL_START", "tool_call_id": id_, "tool_call_name": name}:
                calls.add(id_, name, "")
            case {"type": "TOOL_CALL_ARGS", "delta": piece}:
                calls.add(event.get("toolCallId") or event["tool_call_id"], None, piece)
            case {"type": "USAGE_METADATA"}:
                said.prompt_tokens = event["input_tokens"]
                said.output_tokens = event["output_tokens"]
            case {"type": "RUN_ERROR"}:
                said.error = event.get("message") or event["error"]
    said.calls = calls.whole()


def gemini_array(url: str, said: Said) -> None:
    """https://ai.google.dev/api/generate-content: without `alt=sse` one array of the responses."""
    with urlopen(Request(url, b"{}")) as response:
        chunks = json.load(response)
    for chunk in chunks:
        for candidate in chunk["candidates"]:
            for part in candidate["content"]["parts"]:
                said.text += part["text"]
            said.finish_reason = candidate.get("finishReason")
        if "candidatesTokenCount" in (usage := chunk.get("usageMetadata", {})):
            said.prompt_tokens = usage["promptTokenCount"]
            said.output_tokens = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
