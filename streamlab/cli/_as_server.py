"""What a process does once, before it serves."""

import gc
import resource
import sys
from contextlib import suppress
from typing import Final

__all__ = ["settle_as_server"]

# What a stream takes is let go of without the collector, so there is little for it to find.
_OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000
# How long the thread that writes may keep the interpreter from the one that passes bytes on: by
# default 5 ms, which events were late by.
_SWITCH_S: Final = 0.0005
# macOS says "unlimited" and takes no more than OPEN_MAX.
_ENOUGH: Final = 10_240


def settle_as_server() -> None:
    """Take as many descriptors as may be had, and leave what is loaded alone.

    The soft limit is 256 or 1,024 on many systems, and a proxy needs two per stream. The garbage
    collector would go through all modules again and again, milliseconds in which nothing is sent.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, _ENOUGH)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.setswitchinterval(_SWITCH_S)
