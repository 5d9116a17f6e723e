"""Which engine was fastest on this computer, in a small JSON file that can be deleted at any time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FILE = "engines.json"
_HOW = "1"
"""Changes when engines are compared in another way."""
_MOST = 200
"""Choices that are remembered; the oldest go first."""


def key(network: str, versions: Mapping[str, str]) -> str:
    """What a choice holds for: this computer, a network (its sha256) and the versions of all installed engines."""
    facts = json.dumps([_HOW, computer(), network, sorted(versions.items())])
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


@cache
def computer() -> str:
    """Name, system, processor and number of cores; a home folder may be shared by several computers."""
    return f"{platform.node()}, {platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores"


def recall(file: Path | None, key: str) -> str | None:
    """The engine that was chosen; None where nothing is remembered."""
    found = _read(file).get(key)
    return found if isinstance(found, str) else None


def remember(file: Path | None, key: str, engine: str) -> None:
    """Remember a choice. Where the file cannot be written nothing is remembered, and the next run measures again."""
    if file is None:
        return
    kept = {**_read(file), key: engine}
    newest = dict(list(kept.items())[-_MOST:])
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(newest, indent=1) + "\n", encoding="utf-8")
        partial.replace(file)


def _read(file: Path | None) -> dict[str, Any]:
    """All that is remembered; nothing where the file is missing, unreadable or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file is not None else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
