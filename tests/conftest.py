"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test may put pictures into the cache of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEEPERS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


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
