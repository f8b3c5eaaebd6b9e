"""For tests: streams from cassettes, what is to be said of a stream, and every way to cut one.

`pytest_plugin` makes fixtures of it; `replaying` is for tests of any other kind.
"""

from streamlab.testing.cassette import UsedCassette
from streamlab.testing.options import OldCassetteWarning, Options
from streamlab.testing.replaying import replaying
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
