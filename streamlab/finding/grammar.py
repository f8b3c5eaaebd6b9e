"""What the streams of a dialect consist of, as far as rules depend on it.

A dialect that is not listed, or not recognised, has the empty grammar: nothing is demanded of it.
Sources are those that the dialects' own modules name.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Grammar", "grammar_of"]

_NONE: Final[frozenset[str]] = frozenset()


class Grammar(NamedTuple):
    """What is demanded of a stream, and what is normal in it."""

    is_known: bool = True
    has_marker: bool = False  # [DONE] ends it
    last: frozenset[str] = _NONE  # names of events, one of which ends it
    needs_finish: bool = False  # every choice has a finish reason, once, after its output
    has_choices: bool = False  # chunks are OpenAI's: they have choices
    has_deltas: bool = False  # choices have a delta
    names: frozenset[str] | None = None  # those that events may have; None if any
    is_typed: bool = False  # an event is named like the `type` in its JSON
    goes_on: bool = False  # events after the end are normal
    may_be_empty: bool = False  # events without data are normal: pings, primings


_UNNAMED: Final = frozenset({"message"})
_ANTHROPIC: Final = frozenset(
    {
        "message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop", "error",
    }
)  # fmt: skip
_FASTGPT: Final = frozenset(
    {
        "message", "error", "workflowDuration", "chatTitle", "answer", "fastAnswer",
        "flowNodeStatus", "flowNodeResponse", "toolCall", "toolParams", "toolResponse",
        "flowResponses", "updateVariables", "interactive", "plan", "planStatus", "stepTitle",
        "sandboxStatus", "skillCall", "workflowBuilderApplied", "workflowBuilderVersion",
        "collectionForm", "topAgentConfig", "response", "moduleStatus", "appStreamResponse",
        "moduleFetchResponse", "chatResponse", "resumePhase", "resumeCompleted", "done",
    }
)  # fmt: skip
_RESPONSES_LAST: Final = frozenset({"response.completed", "response.failed", "response.incomplete"})

_RESPONSES: Final = Grammar(last=_RESPONSES_LAST, is_typed=True)
_MESSAGES: Final = Grammar(
    last=frozenset({"message_stop"}), names=_ANTHROPIC, is_typed=True, may_be_empty=True
)

_GRAMMARS: Final = {
    "openai.chat": Grammar(
        has_marker=True, needs_finish=True, has_choices=True, has_deltas=True, names=_UNNAMED
    ),
    "openai.completions": Grammar(
        has_marker=True, needs_finish=True, has_choices=True, names=_UNNAMED
    ),
    "openai.responses": _RESPONSES,
    "openai.assistants": Grammar(has_marker=True, last=frozenset({"done"})),
    "anthropic": _MESSAGES._replace(needs_finish=True),
    "gemini": Grammar(),
    "gemini.interactions": Grammar(),
    "cohere.v2": Grammar(last=frozenset({"message-end"})),
    "llama.cpp": Grammar(),
    "tgi": Grammar(),
    "ollama": Grammar(),
    "bedrock.converse": Grammar(),
    "bedrock.invoke": Grammar(),
    "fastgpt": Grammar(has_marker=True, names=_FASTGPT, goes_on=True),
    "dify": Grammar(last=frozenset({"message_end", "workflow_finished"}), may_be_empty=True,
                    goes_on=True),
    "coze": Grammar(has_marker=True, last=frozenset({"done"})),
    "vercel-ai.ui": Grammar(has_marker=True),
    "ag-ui": Grammar(last=frozenset({"RUN_FINISHED", "RUN_ERROR"})),
    "mcp": Grammar(may_be_empty=True),
    "a2a": Grammar(),
    "langgraph": Grammar(may_be_empty=True),
    "langserve": Grammar(last=frozenset({"end"}), may_be_empty=True),
}  # fmt: skip

_UNKNOWN: Final = Grammar(is_known=False)


def grammar_of(dialect: str | None, types: Iterable[str]) -> Grammar:
    """The grammar of a dialect. Where none was recognised, the types of events may still tell, as
    for `analysis.assemble`."""
    if dialect is not None:
        return _GRAMMARS.get(dialect, _UNKNOWN)
    for type_ in types:
        if type_ == "message_start":
            return _MESSAGES
        if type_.startswith("response."):
            return _RESPONSES
    return _UNKNOWN
