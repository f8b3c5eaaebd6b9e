"""FastGPT workflows: named events around OpenAI-shaped answers.

With `detail: true` each event has a name (`answer`, `flowNodeStatus`, `toolCall`, …); without it
only answers are sent, unnamed, as chunks whose id, object and model are empty.
Source: https://github.com/labring/FastGPT, the writer of /api/v1/chat/completions and its event
names, those of 2023 among them. A heartbeat is an `answer` with empty content.

A node says that it runs (`flowNodeStatus`) and never that it has ended. v2 sends its result then
(`flowNodeResponse`); v1 sends the results of all in one array (`flowResponses`), after `[DONE]`.
"""

from collections.abc import Callable
from typing import Final, Literal

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Step,
    Usage,
    as_count,
    as_list,
    as_ms,
    as_object,
    as_text,
    read_json,
)
from streamlab.dialect.openai_chat import read_chunk

__all__ = ["FASTGPT"]

_ANSWERS: Final = frozenset({"answer", "fastAnswer", "message", "response"})
_RESULTS: Final = frozenset({"flowResponses", "appStreamResponse", "moduleFetchResponse"})
# Names that no other API we know of sends.
_OWN_NAMES: Final = frozenset(
    {
        "fastAnswer", "flowNodeStatus", "flowNodeResponse", "toolParams", "toolResponse",
        "updateVariables", "workflowDuration", "planStatus", "stepTitle", "sandboxStatus",
        "chatTitle", "skillCall", "workflowBuilderApplied", "workflowBuilderVersion",
        "collectionForm", "topAgentConfig", "resumePhase", "resumeCompleted", "moduleStatus",
    }
) | _RESULTS  # fmt: skip


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
    if name in _RESULTS:
        return _read_results(chunk)
    if name in ("resumePhase", "resumeCompleted"):  # a bare word: catchup, live
        return (Delta("status", chunk.event.data, name),)
    read_named = _NAMED.get(name, _read_status)
    return read_json(chunk, lambda payload: read_named(name, payload))


def _read_results(chunk: Chunk) -> tuple[Delta, ...]:
    """All node results in one array. If a single node counted output tokens, they are the answer's;
    with several there is no telling whose text was streamed."""
    if chunk.malformed is not None:
        return (chunk.malformed,)
    nodes = [as_object(node) for node in as_list(chunk.payload)]
    counted = [node for node in nodes if as_count(node.get("outputTokens"))]
    name = chunk.event.type
    deltas = [Delta(kind="status", name=name, text=f"{len(nodes)} nodes")]
    if len(counted) == 1:
        usage = Usage(
            prompt_tokens=as_count(counted[0].get("inputTokens")),
            completion_tokens=as_count(counted[0].get("outputTokens")),
        )
        deltas.append(Delta(kind="usage", usage=usage))
    results = (_read_result(name, node, "stated") for node in nodes if "runningTime" in node)
    return (*deltas, *results)


def _read_status(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    """Progress: a title, a plan, variables, a skill that is called."""
    return (Delta(kind="status", name=name, text=_label(payload)),)


def _label(payload: dict[str, object]) -> str:
    """What it is called, here or one level down."""
    for fields in (payload, *map(as_object, payload.values())):
        for field in ("name", "moduleName", "title", "skillName", "type"):
            if label := as_text(fields.get(field)):
                return label
    return ""


def _read_node_start(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    return (Delta(kind="status", name=name, text=_label(payload), step=Step("begin")),)


def _read_node_result(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    return (_read_result(name, payload, "end"),)


def _read_result(name: str, node: dict[str, object], phase: Literal["end", "stated"]) -> Delta:
    """A node's result names the node as its start did, and has ids that the start has not."""
    step = Step(phase, stated_ms=as_ms(node.get("runningTime")))
    return Delta(kind="status", name=name, text=as_text(node.get("moduleName")), step=step)


def _read_duration(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    took_ms = as_ms(payload.get("durationSeconds"))
    text = "" if took_ms is None else f"{took_ms / 1000:g} s"
    return (Delta(kind="status", name=name, text=text),)


def _read_tool(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    """A tool is called (`toolCall`), or gets a piece of its arguments (`toolParams`)."""
    tool = as_object(payload.get("tool"))
    id_ = as_text(tool.get("id"))
    return (
        Delta(
            kind="tool_call",
            text=as_text(tool.get("params")),
            name=as_text(tool.get("functionName")) or as_text(tool.get("toolName")),
            call_id=id_,
            step=Step("begin", id_) if name == "toolCall" else None,
        ),
    )


def _read_tool_response(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    tool = as_object(payload.get("tool"))
    step = Step("end", as_text(tool.get("id")))
    return (Delta(kind="status", name=name, text=as_text(tool.get("toolName")), step=step),)


def _read_interactive(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    """The workflow asks its user something and waits."""
    question = as_object(payload.get("interactive"))
    return (Delta(kind="status", name=name, text=as_text(question.get("type"))),)


def _read_error(_: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    message = as_text(payload.get("message")) or as_text(payload.get("statusText"))
    return (Delta(kind="error", text=message, name=str(payload.get("code") or "")),)


_NAMED: Final[dict[str, Callable[[str, dict[str, object]], tuple[Delta, ...]]]] = {
    "flowNodeStatus": _read_node_start,
    "moduleStatus": _read_node_start,
    "flowNodeResponse": _read_node_result,
    "workflowDuration": _read_duration,
    "toolCall": _read_tool,
    "toolParams": _read_tool,
    "toolResponse": _read_tool_response,
    "interactive": _read_interactive,
    "error": _read_error,
}

FASTGPT: Final = Dialect(name="fastgpt", detect=_detect, read=_read, ends="`[DONE]`")
