"""keepers: a photo culler that tells you why.

    import keepers
    result = keepers.cull("~/Pictures/wedding")

The verbs are those of the command line; they are imported on first use, so that `import keepers` is instant.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_VERBS = (
    "assess", "bench", "choose", "cull", "evaluate", "explain", "export", "jobs", "learn", "list_photos",
    "make_sample", "picture", "undo",
)  # fmt: skip

if TYPE_CHECKING:
    from keepers.app import (
        assess,
        bench,
        choose,
        cull,
        evaluate,
        explain,
        export,
        jobs,
        learn,
        list_photos,
        make_sample,
        picture,
        undo,
    )

__all__ = [
    "__version__",
    "assess",
    "bench",
    "choose",
    "cull",
    "evaluate",
    "explain",
    "export",
    "jobs",
    "learn",
    "list_photos",
    "make_sample",
    "picture",
    "undo",
]


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        from keepers import app

        return getattr(app, name)
    raise AttributeError(f"module 'keepers' has no attribute {name!r}")


class _Door(ModuleType):
    """`evaluate` and `export` are verbs and rooms. Importing a room would put it in the place of its verb."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _VERBS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Door
