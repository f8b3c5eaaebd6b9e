"""For tests: streams from cassettes, what is to be said of a stream, and every way to cut one.

`pytest_plugin` makes fixtures of it; `replaying` is for tests of any other kind. Each name is
imported when it is first used, as those of `streamlab` are.
"""

from typing import TYPE_CHECKING

from streamlab.lazy import lazily

if TYPE_CHECKING:
    from streamlab.testing.cassette import UsedCassette
    from streamlab.testing.options import OldCassetteWarning, Options
    from streamlab.testing.replayed import replaying
    from streamlab.testing.served import Served
    from streamlab.testing.slicing import every_slicing
    from streamlab.testing.stream import StreamAssertion, ToolCall, assert_stream

__all__ = [
    "OldCassetteWarning",
    "Options",
    "Served",
    "StreamAssertion",
    "ToolCall",
    "UsedCassette",
    "assert_stream",
    "every_slicing",
    "replaying",
]

_HOMES = {
    "cassette": ("UsedCassette",),
    "options": ("OldCassetteWarning", "Options"),
    "replayed": ("replaying",),
    "served": ("Served",),
    "slicing": ("every_slicing",),
    "stream": ("StreamAssertion", "ToolCall", "assert_stream"),
}

__getattr__ = lazily(__name__, _HOMES)
