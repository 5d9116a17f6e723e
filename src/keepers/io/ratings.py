"""What people said of a photo in other programs: its sidecars, its embedded XMP, its EXIF stars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from keepers.errors import PhotoError, Refused
from keepers.io.files import open_photo
from keepers.io.xmp import MAX_BYTES, by_stars, read_rating
from keepers.io.xmp_embedded import embedded
from keepers.types import PhotoFile, Rating, Source

OnError = Callable[[Path, str], None]


def rating_of(source: Source, on_error: OnError | None = None) -> Rating:
    """The rating of a photo from all its files: sidecars before what is embedded, of several the newest first.

    A person's word counts before what keepers itself wrote. Stars and label are the first that are found.

    Args:
        source: as scanned.
        on_error: called with a path and a sentence for each file that cannot be read; it says nothing then.
    """
    tell = on_error or (lambda path, sentence: None)
    newest = sorted(source.files, key=lambda file: (file.role != "sidecar", -file.mtime_ns))
    found = []
    for file in newest:
        try:
            found.append(_in_sidecar(file) if file.role == "sidecar" else _in_photo(file))
        except (Refused, PhotoError) as error:
            tell(file.path, str(error))
    return _together(found)


def _in_sidecar(file: PhotoFile) -> Rating:
    if file.size == 0:
        return Rating()
    with open_photo(file.path) as stream:
        return read_rating(stream.read(MAX_BYTES + 1), file.path.name)


def _in_photo(file: PhotoFile) -> Rating:
    with open_photo(file.path) as stream:
        inside = embedded(stream, file.path.suffix)
    found = [] if inside.packet is None else [read_rating(inside.packet, f"The XMP in {file.path.name}")]
    if inside.stars is not None and not any(rating.stars is not None for rating in found):
        verdict = by_stars(inside.stars)
        found.append(Rating(verdict, inside.stars, by="person" if verdict else None))
    return _together(found)


def _together(found: Sequence[Rating]) -> Rating:
    ratings = sorted(found, key=lambda rating: rating.by != "person")  # stable: the order in time remains
    verdict = next((rating for rating in ratings if rating.verdict is not None), Rating())
    stars = next((rating.stars for rating in found if rating.stars is not None), None)
    label = next((rating.label for rating in found if rating.label is not None), None)
    return Rating(verdict.verdict, stars, label, verdict.by)
