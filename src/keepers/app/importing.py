"""Ratings that other programs left in a photo's files become choices: the first half of a round trip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from keepers.catalog.db import Catalog
from keepers.catalog.ratings import Word, stamp
from keepers.io.ratings import rating_of
from keepers.types import Photo, Report, Source

OnError = Callable[[Path, str], None]


def take_over(store: Catalog, reports: Sequence[Report], on_error: OnError | None = None) -> int:
    """Read the ratings in the files of stored photos and record those that are news as choices.

    Files in a state that was read before are not opened, so that this costs nothing for a shoot that did not change.

    Args:
        reports: of photos that the catalog holds; unreadable ones are passed over.
        on_error: called with a path and a sentence for each file whose rating cannot be read.

    Returns:
        How many choices were made or taken back.

    Raises:
        StorageError: the catalog cannot be written.
    """
    photos = [(report.photo, report.source) for report in reports if report.photo is not None]
    states = [(photo.id, stamp(source)) for photo, source in photos]
    unread = store.unread(states) if states else []
    if not unread:
        return 0
    return store.hear([_word(*photos[number], states[number][1], on_error) for number in unread])


def _word(photo: Photo, source: Source, state: bytes, on_error: OnError | None) -> Word:
    failed = False

    def tell(path: Path, sentence: str) -> None:
        nonlocal failed
        failed = True
        if on_error is not None:
            on_error(path, sentence)

    rating = rating_of(source, tell)
    person = rating.verdict if rating.by == "person" else None
    # A sidecar that is gone takes nothing back. One without a flag does, and one that is again as the machine wrote it.
    spoken = rating.by is not None or any(file.role == "sidecar" for file in source.files)
    withdrawn = person is None and spoken and not failed
    return Word(photo, None if failed else state, person, withdrawn)


