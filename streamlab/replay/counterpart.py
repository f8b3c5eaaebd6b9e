"""Paths that say whether a stream is asked for, each with its counterpart: the path at which the
same API answers in the other form.

Sources: https://ai.google.dev/api/generate-content for Gemini's; Vertex AI's REST reference of
publishers.models for `rawPredict`, at which it has the models of others, such as Anthropic's;
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html.
"""

from typing import Any, Final

__all__ = ["asks_stream", "counterpart_path", "without_form"]

_STREAMED: Final = {
    ":streamGenerateContent": ":generateContent",
    ":streamRawPredict": ":rawPredict",
    "/converse-stream": "/converse",
    "/invoke-with-response-stream": "/invoke",
}
_OTHERS: Final = _STREAMED | {whole: streamed for streamed, whole in _STREAMED.items()}
_ENDINGS: Final = tuple(_OTHERS)
# Bedrock's stand behind /model/NAME; paths of others end in /invoke, too.
_MODEL: Final = "model"

# Beside the path: Gemini's `alt=sse`, and the `stream` of Anthropic's bodies on Vertex AI.
_FORM_PARAMETER: Final = "alt"
_FORM_MEMBER: Final = "stream"


def counterpart_path(path: str) -> str | None:
    """The path that asks the same API for the other form; None if this one does not say a form.

    Its colons are not encoded, as in `key.path_and_query`.
    """
    ending = _ending(path)
    return None if ending is None else path.removesuffix(ending) + _OTHERS[ending]


def asks_stream(path: str) -> bool | None:
    """Whether a path asks for a stream; None if it does not say."""
    ending = _ending(path)
    return None if ending is None else ending in _STREAMED


def without_form(
    pairs: list[tuple[str, str]],
    value: Any,  # noqa: ANN401 - any JSON value
) -> tuple[list[tuple[str, str]], Any]:
    """The parameters and the JSON body of a request, without what else of it says the form."""
    kept = [pair for pair in pairs if pair[0] != _FORM_PARAMETER]
    if isinstance(value, dict):
        value = {name: inner for name, inner in value.items() if name != _FORM_MEMBER}
    return kept, value


def _ending(path: str) -> str | None:
    """How a path ends, if that says the form."""
    if not path.endswith(_ENDINGS):
        return None
    ending = next(each for each in _ENDINGS if path.endswith(each))
    before = path.removesuffix(ending).split("/")
    return ending if ending.startswith(":") or before[-2:-1] == [_MODEL] else None
