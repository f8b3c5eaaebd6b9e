"""Streams as the documentation of each API has them, and the text that they bring.

Some reads hold two events, some end within a character. Each stream is shorter than what a client
reads at once, so that its boundaries hold on the way.
"""

from pathlib import Path

from streamlab.cassette import read_cassette

__all__ = ["STREAMS", "TEXTS"]

_FOLDER = Path(__file__).parent / "data" / "stacks"
_GREETING = "Grüß Gott, 世界! 👋🏽"

STREAMS = {path.stem: read_cassette(path)[0] for path in sorted(_FOLDER.glob("*.jsonl"))}
TEXTS = {
    "openai-chat": _GREETING + "\nÇa va, мир?",
    "openai-responses": _GREETING,
    "anthropic-messages": _GREETING + "\nÇa va?",
    "groq-chat": "Hello to the wörld … здравствуй!",
    "ollama-chat": "Hello, wörld! 👋 世界",
}
