"""Record modes: which requests a replay leaves to the real API, and what becomes of them.

The modes are those of VCR, and so are their names. `live_upstream` does what they say.
"""

from typing import Literal

__all__ = ["RecordMode"]

RecordMode = Literal[
    "none",  # nothing is asked of the upstream
    "once",  # a miss is, if there was no recording of its route at the start
    "new_episodes",  # every miss is
    "all",  # everything is
    "rewrite",  # as `all`, and the new recordings take the place of the old ones
]
