"""Who asks: the client on whose behalf a connection is made, as far as the stack tells."""

import sys
from pathlib import Path
from typing import Final

__all__ = ["asker"]

_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
_SHOWN_PACKAGES: Final = 4


def asker() -> str:
    """The installed packages between the connection and the program's own code, the outermost (the
    client) first, and the place in that code; "" where the stack has none of it, as in a thread
    that only looks up names."""
    packages: list[str] = []
    frame = sys._getframe(1).f_back
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in sys.stdlib_module_names and package != "streamlab":
            if not _INSTALLED & set(Path(frame.f_code.co_filename).parts):
                place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                return f"{_named(packages)} in {place}" if packages else place
            packages.append(package)
        frame = frame.f_back
    return _named(packages)


def _named(packages: list[str]) -> str:
    client, *below = dict.fromkeys(reversed(packages)) or [""]
    return f"{client} ({', '.join(below[:_SHOWN_PACKAGES])})" if below else client
