"""Bedrock, read by boto3: its parser of AWS event streams and its models of the APIs."""

import json
from functools import cache
from typing import Any

from tests.clients.answers.said import Calls, Said


def client_of(service: str, url: str) -> Any:
    return _session().client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="s",
    )


@cache
def _session() -> Any:
    import boto3

    return boto3.Session()


def converse(url: str, said: Said) -> None:
    message = {"role": "user", "content": [{"text": "Hello"}]}
    answer = client_of("bedrock-runtime", url).converse_stream(modelId="m", messages=[message])
    calls = Calls()
    for event in answer["stream"]:
        read_event(event, calls, said)
    said.calls = calls.whole()


def read_event(event: dict[str, Any], calls: Calls, said: Said) -> None:
    match event:
        case {"contentBlockStart": {"start": {"toolUse": use}, "contentBlockIndex": index}}:
            calls.add(index, use["name"], "")
        case {"contentBlockDelta": {"delta": {"toolUse": use}, "contentBlockIndex": index}}:
            calls.add(index, None, use["input"])
        case {"contentBlockDelta": {"delta": {"text": text}}}:
            said.text += text
        case {"contentBlockDelta": {"delta": {"reasoningContent": {"text": text}}}}:
            said.reasoning += text
        case {"messageStop": {"stopReason": reason}}:
            said.finish_reason = reason
        case {"metadata": {"usage": usage}}:
            said.prompt_tokens = usage["inputTokens"]
            said.output_tokens = usage["outputTokens"]


def invoke(url: str, said: Said) -> None:
    """The model's own events, of any but Anthropic's messages, with the fields of
    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html."""
    runtime = client_of("bedrock-runtime", url)
    answer = runtime.invoke_model_with_response_stream(modelId="m", body=b"{}")
    calls = Calls()
    for event in answer["body"]:
        inner = json.loads(event["chunk"]["bytes"])
        read_event(inner, calls, said)
        read_inner(inner, said)
        if metrics := inner.get("amazon-bedrock-invocationMetrics"):
            said.prompt_tokens = metrics["inputTokenCount"]
            said.output_tokens = metrics["outputTokenCount"]
    said.calls = calls.whole()


def read_inner(inner: dict[str, Any], said: Said) -> None:
    match inner:
        case {"outputText": text, "completionReason": reason}:
            pass
        case {"generation": text, "stop_reason": reason}:
            pass
        case {"outputs": [{"text": text, "stop_reason": reason}]}:
            pass
        case {"completion": text, "stop_reason": reason}:
            pass
        case {"is_finished": True, "finish_reason": reason}:
            text = ""
        case {"is_finished": False, "text": text}:
            reason = None
        case {"choices": [{"delta": delta, **choice}]}:
            text, reason = delta.get("content"), choice.get("finish_reason")
        case _:
            return
    said.text += text or ""
    said.finish_reason = reason or said.finish_reason


def agent(url: str, said: Said) -> None:
    answer = client_of("bedrock-agent-runtime", url).invoke_agent(
        agentId="AGENT", agentAliasId="ALIAS", sessionId="session", inputText="Hello"
    )
    for event in answer["completion"]:
        if "chunk" in event:
            said.text += event["chunk"]["bytes"].decode()
