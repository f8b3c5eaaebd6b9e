"""Anthropic's messages, read by its SDK, which puts them together itself."""

from typing import Any

from tests.clients.answers.said import Said

MESSAGES: Any = [{"role": "user", "content": "Hello"}]
CALLS = {"tool_use", "server_tool_use", "mcp_tool_use"}


def anthropic(url: str, said: Said) -> None:
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
    read_message(client, said)


def vertex(url: str, said: Said) -> None:
    import anthropic

    client = anthropic.AnthropicVertex(
        base_url=url, access_token="none", project_id="p", region="r", max_retries=0
    )
    read_message(client, said)


def bedrock(url: str, said: Said) -> None:
    """Those that Bedrock wraps into messages of an AWS event stream."""
    import anthropic

    client = anthropic.AnthropicBedrock(
        base_url=url, aws_access_key="a", aws_secret_key="s", aws_region="r", max_retries=0
    )
    read_message(client, said)


def read_message(client: Any, said: Said) -> None:
    with client.messages.stream(model="m", messages=MESSAGES, max_tokens=64) as stream:
        message = None
        try:
            message = stream.get_final_message()
        finally:
            read_blocks(message or stream.current_message_snapshot, said)


def read_blocks(message: Any, said: Said) -> None:
    for block in message.content:
        if block.type == "text":
            said.text += block.text
        elif block.type == "thinking":
            said.reasoning += block.thinking
        elif block.type in CALLS:
            said.calls.append((block.name, block.input))
    said.prompt_tokens = message.usage.input_tokens
    said.output_tokens = message.usage.output_tokens
    said.finish_reason = message.stop_reason
