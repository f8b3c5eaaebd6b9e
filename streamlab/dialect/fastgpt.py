"""FastGPT workflows: named events around OpenAI-shaped answers.

With `detail: true` each event has a name (`answer`, `flowNodeStatus`, `toolCall`, …); without it
only answers are sent, unnamed, as chunks whose id, object and model are empty.
Source: https://github.com/labring/FastGPT, the writer of /api/v1/chat/completions and its event
names. A heartbeat is an `answer` with empty content. With detail, v1 sends `flowResponses` after
`[DONE]`.
"""

from collections.abc import Callable

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_list,
    as_object,
    as_text,
    read_json,
)
from streamlab.dialect.openai_chat import read_chunk

__all__ = ["FASTGPT"]

_ANSWERS = frozenset({"answer", "fastAnswer", "message"})
# Names that no other API we know of sends.
_OWN_NAMES = frozenset(
    {
        "fastAnswer", "flowNodeStatus", "flowNodeResponse", "flowResponses", "toolParams",
        "toolResponse", "updateVariables", "workflowDuration", "planStatus", "sandboxStatus",
    }
)  # fmt: skip


def _detect(clue: Clue) -> str | None:
    if clue.event.type in _OWN_NAMES:
        return f"an event is named {clue.event.type}"
    payload = as_object(clue.payload)
    if not payload.get("choices"):
        return None
    if clue.event.type == "answer":
        return "an event named answer holds choices"
    if all(payload.get(field) == "" for field in ("id", "object", "model")):
        return "choices come with an empty id, object and model"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    name = chunk.event.type
    if name in _ANSWERS or chunk.event.data == "[DONE]":
        return read_json(chunk, read_chunk)
    if name == "flowResponses":
        return _read_flow_responses(chunk)
    read_named = _NAMED.get(name, _read_status)
    return read_json(chunk, lambda payload: read_named(name, payload))


def _read_flow_responses(chunk: Chunk) -> tuple[Delta, ...]:
    """All node results in one array. If a single node counted output tokens, they are the answer's;
    with several there is no telling whose text was streamed."""
    if chunk.malformed is not None:
        return (chunk.malformed,)
    nodes = [as_object(node) for node in as_list(chunk.payload)]
    counted = [node for node in nodes if as_count(node.get("outputTokens"))]
    status = Delta(kind="status", name=chunk.event.type, text=f"{len(nodes)} nodes")
    if len(counted) != 1:
        return (status,)
    usage = Usage(
        prompt_tokens=as_count(counted[0].get("inputTokens")),
        completion_tokens=as_count(counted[0].get("outputTokens")),
    )
    return (status, Delta(kind="usage", usage=usage))


def _read_status(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    """Progress: a node that starts or ends, variables, a title."""
    label = payload.get("name") or payload.get("moduleName") or payload.get("title")
    return (Delta(kind="status", name=name, text=as_text(label)),)


def _read_tool(_: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    """A tool is called (`toolCall`), or gets a piece of its arguments (`toolParams`)."""
    tool = as_object(payload.get("tool"))
    name = as_text(tool.get("functionName")) or as_text(tool.get("toolName"))
    return (Delta(kind="tool_call", text=as_text(tool.get("params")), name=name),)


def _read_tool_response(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    tool = as_object(payload.get("tool"))
    return (Delta(kind="status", name=name, text=as_text(tool.get("toolName"))),)


def _read_interactive(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    """The workflow asks its user something and waits."""
    question = as_object(payload.get("interactive"))
    return (Delta(kind="status", name=name, text=as_text(question.get("type"))),)


def _read_error(_: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    message = as_text(payload.get("message")) or as_text(payload.get("statusText"))
    return (Delta(kind="error", text=message, name=str(payload.get("code") or "")),)


_NAMED: dict[str, Callable[[str, dict[str, object]], tuple[Delta, ...]]] = {
    "toolCall": _read_tool,
    "toolParams": _read_tool,
    "toolResponse": _read_tool_response,
    "interactive": _read_interactive,
    "error": _read_error,
}

FASTGPT = Dialect(name="fastgpt", detect=_detect, read=_read)
