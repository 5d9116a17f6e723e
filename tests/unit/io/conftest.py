"""What the tests of `io` share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keepers.types import Source


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], Source]:
    """Write bytes under a name and return the source."""
    from photo_makers import source

    def write(name: str, data: bytes) -> Source:
        path = tmp_path / name
        path.write_bytes(data)
        return source(path)

    return write


@pytest.fixture
def silence(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fails when anything, native libraries included, is printed."""
    yield
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
