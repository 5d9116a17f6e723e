"""The verb `make_sample`."""

from __future__ import annotations

from pathlib import Path


def make_sample(out: Path | str) -> list[Path]:
    """Write the sample shoot, about 24 small photos with every flaw, into the new folder `out`.

    Returns:
        The photos written.

    Raises:
        Refused: `out` exists and is not empty.
        StorageError: the disk is full or read-only.
    """
    from keepers import sample

    return sample.make(Path(out))
