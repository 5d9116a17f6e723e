"""Where a learned taste lies: one file beside the catalog, which can be read, taken along, and thrown away.

It follows from the choices in the catalog and can be learned again from them at any time; so it is no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import NotFound, Refused, StorageError
from keepers.io.files import replacing
from keepers.pipeline.taste import Taste, from_json, to_json

SUFFIX = ".taste.json"


@dataclass(frozen=True, slots=True)
class Stored:
    """A taste that was learned, and whether it is switched on."""

    taste: Taste
    on: bool

    def used(self, versions: Mapping[str, str]) -> bool:
        """Whether it counts for facts of these versions."""
        return self.on and self.taste.gate.passed and self.taste.fits(versions)


def place(catalog: Path) -> Path:
    """The file of the taste that belongs to a catalog."""
    return catalog.with_name(catalog.name + SUFFIX)


def stored(catalog: Path) -> Stored | None:
    """The taste of a catalog; None where none was learned.

    Raises:
        Refused: the file is damaged.
        StorageError: it cannot be read.
    """
    path = place(catalog)
    return load(path) if path.is_file() else None


def outdated(catalog: Path, versions: Mapping[str, str]) -> bool:
    """Whether a taste that is on and passed its test was learned from facts of other versions. Raises as `stored`."""
    found = stored(catalog)
    return found is not None and found.on and found.taste.gate.passed and not found.taste.fits(versions)


def load(path: Path) -> Stored:
    """The taste in a file. Raises what `stored` does, and NotFound."""
    try:
        return Stored(*from_json(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(f"{path} is no file of a taste; write one with: keepers learn --export {path}") from error
    except OSError as error:
        raise StorageError(f"The taste {path} cannot be read ({error.strerror or error}); allow it.") from error
    except ValueError as error:
        raise Refused(
            f"The taste {path} is damaged: {error}; throw it away with keepers learn --delete, and learn again."
        ) from error


def save(path: Path, stored: Stored) -> None:
    """Write a taste: the old file or the new one, and never half of one. Raises StorageError."""
    try:
        with replacing(path) as partial:
            partial.write_text(to_json(stored.taste, stored.on), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The taste {path} cannot be written ({error.strerror or error}).") from error


def remove(catalog: Path) -> bool:
    """Delete the taste of a catalog; whether there was one. Raises StorageError."""
    path = place(catalog)
    try:
        path.unlink(missing_ok=False)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"The taste {path} cannot be deleted ({error.strerror or error}).") from error
    return True
