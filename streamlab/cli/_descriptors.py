"""How many sockets a server may have open."""

import resource
from contextlib import suppress
from typing import Final

__all__ = ["allow_many_descriptors"]

# macOS says "unlimited" and takes no more than OPEN_MAX.
_ENOUGH: Final = 10_240


def allow_many_descriptors() -> None:
    """Lift the soft limit, which is 256 or 1,024 on many systems, as far as it may be lifted: a
    proxy needs two descriptors per stream."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, _ENOUGH)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
