"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


def shared_dir() -> Path | None:
    """The folder of measuring photos that is not part of the repository, or None where it is absent."""
    named = os.environ.get("KEEPERS_SHARED")
    path = Path(named) if named else Path(__file__).resolve().parents[1].parent / "shared"
    return path if (path / "photos").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measuring photos; skips where it is absent."""
    path = shared_dir()
    if path is None:
        pytest.skip("measuring photos are not here (set KEEPERS_SHARED to their folder)")
    return path
