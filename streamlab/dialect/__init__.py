"""Dialects: what one provider's events say, as `Delta`s.

One file per wire format. To add one, write a file with a `Dialect` and put it into `SPECIFIC`,
where a later one has to be told from an earlier one that says too much. A dialect is recognised
with stated evidence and is always a guess: it reads events and never changes them.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from streamlab.dialect.a2a import A2A
from streamlab.dialect.ag_ui import AG_UI
from streamlab.dialect.anthropic import ANTHROPIC
from streamlab.dialect.asked_model import asked_model, model_of
from streamlab.dialect.bedrock_converse import BEDROCK_CONVERSE
from streamlab.dialect.bedrock_invoke import BEDROCK_INVOKE
from streamlab.dialect.cohere import COHERE_V2
from streamlab.dialect.coze import COZE
from streamlab.dialect.delta import (
    OUTPUT_KINDS,
    Chunk,
    Clue,
    Delta,
    DeltaKind,
    Dialect,
    Step,
    Usage,
    chunk,
    parse_json,
)
from streamlab.dialect.dify import DIFY, DIFY_AGENT
from streamlab.dialect.fastgpt import FASTGPT
from streamlab.dialect.gemini import GEMINI
from streamlab.dialect.gemini_interactions import GEMINI_INTERACTIONS
from streamlab.dialect.langgraph import LANGGRAPH
from streamlab.dialect.langserve import LANGSERVE
from streamlab.dialect.llama_cpp import LLAMA_CPP
from streamlab.dialect.mcp import MCP
from streamlab.dialect.ollama import OLLAMA
from streamlab.dialect.one_field import ONE_FIELD
from streamlab.dialect.openai_assistants import OPENAI_ASSISTANTS
from streamlab.dialect.openai_chat import OPENAI_CHAT
from streamlab.dialect.openai_completions import OPENAI_COMPLETIONS
from streamlab.dialect.openai_responses import OPENAI_RESPONSES
from streamlab.dialect.openai_transcriptions import OPENAI_TRANSCRIPTIONS
from streamlab.dialect.raw_text import RAW_TEXT
from streamlab.dialect.replicate import REPLICATE
from streamlab.dialect.tgi import TGI
from streamlab.dialect.vercel_ai_ui import VERCEL_AI_UI
from streamlab.dialect.watsonx import WATSONX
from streamlab.recording import Response, media_type

__all__ = [
    "DIALECTS",
    "EVENTS_LOOKED_AT",
    "OUTPUT_KINDS",
    "SPECIFIC",
    "Chunk",
    "Clue",
    "Delta",
    "DeltaKind",
    "Detection",
    "Dialect",
    "Reader",
    "Step",
    "Usage",
    "asked_model",
    "chunk",
    "detect",
    "main_delta",
    "model_of",
    "parse_json",
]

SPECIFIC: Final[tuple[Dialect, ...]] = (
    VERCEL_AI_UI,
    FASTGPT,
    DIFY_AGENT,
    DIFY,
    COZE,
    LANGGRAPH,
    LANGSERVE,
    AG_UI,
    A2A,
    MCP,
    OPENAI_CHAT,
    OPENAI_COMPLETIONS,
    OLLAMA,
    BEDROCK_CONVERSE,
    BEDROCK_INVOKE,
    OPENAI_RESPONSES,
    OPENAI_ASSISTANTS,
    OPENAI_TRANSCRIPTIONS,
    ANTHROPIC,
    GEMINI,
    GEMINI_INTERACTIONS,
    COHERE_V2,
    LLAMA_CPP,
    TGI,
    REPLICATE,
    WATSONX,
)
"""Wire formats of an API; the first event that is of one of them decides."""

GENERAL: Final[tuple[Dialect, ...]] = (
    ONE_FIELD,
    RAW_TEXT,
)
"""What a stream may be whose early events are of none of the others."""

DIALECTS: Final = SPECIFIC + GENERAL

# A stream that has not shown what it is in its first events will not show it later.
EVENTS_LOOKED_AT: Final = 50

# Which delta stands for an event that carries several: what a reader would want to see first.
_PRIORITY: Final[tuple[DeltaKind, ...]] = (
    "malformed", "error", "text", "reasoning", "tool_call", "refusal", "finish", "usage", "status",
    "end", "empty", "other",
)  # fmt: skip


class Detection(NamedTuple):
    """A dialect and the evidence for it, in words."""

    dialect: Dialect
    evidence: str


def detect(
    url: str,
    response: Response | None,
    chunks: Iterable[Chunk],
    *,
    specific: Sequence[Dialect] = SPECIFIC,
) -> Detection | None:
    """The dialect for which an early event, or what came before it, gives evidence, or None.

    `chunks` are the events of the stream so far. The dialects of `specific` are asked in their
    order, then those of `GENERAL`; `(MINE, *SPECIFIC)` asks one of your own first.
    """
    path = urlsplit(url).path
    headers = response.headers if response else ()
    fields = {name.lower(): value for name, value in headers}
    kind = media_type(headers)
    clues = [
        Clue(path, kind, fields, each.event, each.payload)
        for each in islice(chunks, EVENTS_LOOKED_AT)
    ]
    for clue in clues:
        for dialect in specific:
            if evidence := dialect.detect(clue):
                return Detection(dialect, evidence)
    for dialect in GENERAL:
        for clue in clues:
            if evidence := dialect.detect(clue):
                return Detection(dialect, evidence)
    return None


class Reader:
    """Reads the events of one stream, in order, in its dialect."""

    def __init__(self, detection: Detection | None) -> None:
        self._dialect = detection.dialect if detection else None
        # What was said so far. Hardly any stream repeats itself; of one that does, the pieces by
        # kind, choice, and the tool call or text that they belong to.
        self._said: list[tuple[Delta, ...]] = []
        self._pieces: dict[tuple[DeltaKind, int, str], list[str]] = {}

    def read(self, chunk: Chunk) -> tuple[Delta, ...]:
        """The deltas of an event, at least one.

        Where the dialect is not known they are `other`; but what opens a JSON object and is no
        JSON is malformed in any dialect.
        """
        if self._dialect is None:
            is_object = chunk.event.data.lstrip().startswith("{")
            return ((chunk.malformed if is_object else None) or Delta("other"),)
        deltas = self._dialect.read(chunk)
        for delta in deltas:
            if delta.is_cumulative or delta.is_whole:
                self._sort_out()
                return tuple(map(self._increment, deltas))
        self._said.append(deltas)
        return deltas

    def _sort_out(self) -> None:
        """Put what was said so far to the pieces it belongs to."""
        for deltas in self._said:
            for delta in deltas:
                if delta.is_output:
                    self._pieces_of(delta).append(delta.text)
        self._said.clear()

    def _pieces_of(self, delta: Delta) -> list[str]:
        key = (delta.kind, delta.choice, delta.call_id or delta.name)
        return self._pieces.setdefault(key, [])

    def _increment(self, delta: Delta) -> Delta:
        """What a text adds to the pieces before it. A cumulative one that does not begin with them
        is another text, and new in full."""
        if not delta.is_output:
            return delta
        pieces = self._pieces_of(delta)
        if delta.is_cumulative:
            added = delta.text.removeprefix("".join(pieces))
            pieces[:] = [delta.text]
        else:
            added = "" if delta.is_whole and pieces else delta.text
            pieces.append(added)
        return delta._replace(text=added)


def main_delta(deltas: tuple[Delta, ...]) -> Delta:
    """The one that stands for the event; of two of a kind the one with text."""
    if len(deltas) == 1:
        return deltas[0]
    return min(deltas, key=lambda delta: (_PRIORITY.index(delta.kind), not delta.text))
