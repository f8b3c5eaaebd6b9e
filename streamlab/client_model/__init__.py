"""What a client would see of a stream: models of clients, compared with the standard.

A model is a function from a body to what that client hands on, and it is held against the client
itself (tests/clients/test_models.py). A new one is a `ClientModel` in one of the modules here, a
line in `MODELS`, and a program in that test.

`client_verdicts` is all that a command needs::

    verdicts = client_verdicts(recordings, ["httpx-lines", "openai-node"])
    console.print(client_view(verdicts))  # or [verdict_json(verdict) for verdict in verdicts]
"""

from collections.abc import Iterable, Sequence
from typing import Final

from streamlab.analysis import read_stream
from streamlab.client_model.body import Body, Break, body_of
from streamlab.client_model.event_parsers import (
    ANTHROPIC_PYTHON,
    HTTPX_SSE,
    OPENAI_NODE,
    OPENAI_PYTHON,
)
from streamlab.client_model.fetch import FETCH, FETCH_NAIVE
from streamlab.client_model.judge import (
    OUTCOMES,
    Outcome,
    Span,
    Verdict,
    can_judge,
    judge,
    verdict_of,
)
from streamlab.client_model.line_loops import (
    AIOHTTP_LINES,
    HTTPX_LINES,
    LINE_READER,
    REQUESTS_LINES,
    URLLIB_LINES,
)
from streamlab.client_model.model import ClientModel, Piece, Reason, Seen
from streamlab.client_model.sseclient import SSECLIENT_PY
from streamlab.client_model.standard import CURL, EVENTSOURCE, EVENTSOURCE_PARSER
from streamlab.errors import InputError
from streamlab.recording import Recording

__all__ = [
    "ALL",
    "MODELS",
    "OUTCOMES",
    "Body",
    "Break",
    "ClientModel",
    "Outcome",
    "Piece",
    "Reason",
    "Seen",
    "Span",
    "Verdict",
    "body_of",
    "can_judge",
    "client_verdicts",
    "judge",
]

MODELS: Final = {
    model.name: model
    for model in (
        OPENAI_PYTHON,
        OPENAI_NODE,
        ANTHROPIC_PYTHON,
        HTTPX_SSE,
        SSECLIENT_PY,
        EVENTSOURCE_PARSER,
        EVENTSOURCE,
        HTTPX_LINES,
        REQUESTS_LINES,
        AIOHTTP_LINES,
        URLLIB_LINES,
        LINE_READER,
        FETCH,
        FETCH_NAIVE,
        CURL,
    )
}
"""All models by name: SDKs, parsers, loops over lines."""

ALL: Final = "all"
"""Stands for every model that applies to a recording."""


def client_verdicts(recordings: Iterable[Recording], names: Sequence[str]) -> list[Verdict]:
    """What each client would see of each recording: a verdict for each pair, in that order.

    `names` are those of `MODELS`, or `ALL`. Recordings that are no answered event stream have no
    verdicts (see `can_judge`). InputError if there is no model of a name.
    """
    chosen = _chosen(names)
    verdicts = []
    for recording in recordings:
        stream = read_stream(recording)
        if not can_judge(recording, stream):
            continue
        body = body_of(recording, stream)
        verdicts += [
            verdict_of(recording, model, body, stream)
            for model in chosen
            if model.name in names or model.applies(body)
        ]
    return verdicts


def _chosen(names: Sequence[str]) -> list[ClientModel]:
    unknown = [name for name in names if name not in MODELS and name != ALL]
    if unknown:
        hint = f"clients are: {', '.join(MODELS)}, or {ALL}"
        raise InputError(f"there is no model of a client {unknown[0]!r}", hint)
    return [model for name, model in MODELS.items() if name in names or ALL in names]
