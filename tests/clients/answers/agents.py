"""Agents and workflows, read by the SDKs of MCP, AG-UI, A2A and Coze."""

import asyncio
import contextlib
import json
from typing import Any

from tests.clients.answers.plain import events
from tests.clients.answers.said import Calls, Said


def mcp(url: str, said: Said) -> None:
    asyncio.run(read_messages(url, said))


async def read_messages(url: str, said: Said) -> None:
    """What the SDK's transport hands on, up to the response."""
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.message import SessionMessage
    from mcp.types import JSONRPCRequest

    request = JSONRPCRequest(jsonrpc="2.0", id=1, method="tools/call", params={"name": "t"})
    async with streamable_http_client(url) as (messages, requests):
        await requests.send(SessionMessage(request))
        async for received in messages:
            if isinstance(received, Exception):
                raise received
            if read_response(received.message, said):
                return


def read_response(message: Any, said: Said) -> bool:
    from mcp.types import CallToolResult, JSONRPCError, JSONRPCResponse

    if isinstance(message, JSONRPCError):
        said.error = message.error.message
    if not isinstance(message, JSONRPCResponse):
        return isinstance(message, JSONRPCError)
    with contextlib.suppress(ValueError):  # not every response is of a tool
        result = CallToolResult.model_validate(message.result)
        text = "\n".join(each.text for each in result.content if each.type == "text")
        said.error, said.text = (text, "") if result.is_error else ("", text)
    return True


def ag_ui(url: str, said: Said) -> None:
    """The SDK for Python has the events, and leaves the reading of lines to others."""
    from ag_ui.core import Event, EventType
    from pydantic import TypeAdapter

    calls, events_type = Calls(), TypeAdapter(Event)
    for payload in events(url):
        event = events_type.validate_python(payload)
        match event.type:
            case EventType.TEXT_MESSAGE_CONTENT | EventType.TEXT_MESSAGE_CHUNK:
                said.text += event.delta or ""
            case EventType.REASONING_MESSAGE_CONTENT:
                said.reasoning += event.delta
            case EventType.TOOL_CALL_START:
                calls.add(event.tool_call_id, event.tool_call_name, "")
            case EventType.TOOL_CALL_ARGS:
                calls.add(event.tool_call_id, None, event.delta)
            case EventType.RUN_ERROR:
                said.error = event.message
    said.calls = calls.whole()


def a2a(url: str, said: Said) -> None:
    asyncio.run(read_task(url, said))


async def read_task(url: str, said: Said) -> None:
    """The text of a task's artifacts, and the last state that it was in."""
    import httpx
    from a2a.client.transports.jsonrpc import JsonRpcTransport
    from a2a.types import AgentCard, SendMessageRequest, TaskState

    async with httpx.AsyncClient() as http_client:
        transport = JsonRpcTransport(http_client, AgentCard(), url)
        async for event in transport.send_message_streaming(SendMessageRequest()):
            said.text += "".join(part.text for part in event.artifact_update.artifact.parts)
            state = TaskState.Name(event.status_update.status.state)
            said.finish_reason = state.removeprefix("TASK_STATE_").lower()


def coze(url: str, said: Said) -> None:
    from cozepy import ChatEventType, Coze, MessageType, TokenAuth

    client = Coze(auth=TokenAuth("none"), base_url=url)
    for event in client.chat.stream(bot_id="b", user_id="u"):
        match event.event:
            case ChatEventType.CONVERSATION_MESSAGE_DELTA:
                said.text += event.message.content
                said.reasoning += event.message.reasoning_content or ""
            case ChatEventType.CONVERSATION_MESSAGE_COMPLETED:
                if event.message.type == MessageType.FUNCTION_CALL:
                    call = json.loads(event.message.content)
                    said.calls.append((call["name"], call["arguments"]))
            case ChatEventType.CONVERSATION_CHAT_COMPLETED:
                said.finish_reason = event.chat.status.value
                said.prompt_tokens = event.chat.usage.input_count
                said.output_tokens = event.chat.usage.output_count


def coze_workflow(url: str, said: Said) -> None:
    from cozepy import Coze, TokenAuth

    client = Coze(auth=TokenAuth("none"), base_url=url)
    for event in client.workflows.runs.stream(workflow_id="w"):
        if event.message:
            said.text += event.message.content
