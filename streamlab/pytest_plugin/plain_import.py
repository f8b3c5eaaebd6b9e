"""Streamlab's modules, imported as outside of pytest.

Of a distribution with a plugin pytest rewrites the assertions of all modules: it compiles each anew
and keeps that in files of its own, or, where nothing may be written, does it in each run. That took
longer than the tests that it was for.
"""

from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder

__all__ = ["PlainImport"]


class PlainImport:
    """Finds modules of streamlab, for `sys.meta_path`; others are left to whoever comes next."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: object = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if not name.startswith("streamlab."):
            return None
        return PathFinder.find_spec(name, path)
