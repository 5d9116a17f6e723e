"""Human choices, and the words of other programs that become choices.

A choice is never overwritten: the latest row counts, whatever the clock said. A word that another program left in a
photo's files becomes a choice when it is news: neither what was taken from there last, nor what keepers wrote.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from keepers.errors import NotFound
from keepers.types import Photo, Source, VerdictName

Origin = Literal["person", "xmp"]
"""Where a choice was made: in keepers, or in another program."""

LATEST = "SELECT photo, verdict FROM chosen"
_LATEST_OF = "SELECT verdict, origin FROM choice WHERE photo = ? ORDER BY id DESC LIMIT 1"
_ADD = "INSERT INTO choice (photo, verdict, made_at, origin) VALUES (?, ?, ?, ?)"
_SAID = (
    "INSERT INTO rating VALUES (?, ?, NULL) ON CONFLICT (photo) DO UPDATE SET (said, wrote) = (excluded.said, NULL)"
)
_KNOWN = "SELECT 1 FROM reading WHERE reading.photo = state.photo AND reading.stamp = state.stamp"
# Files that are again as they were (an export was undone) say what they said then, and not what was to be written.
_AS_BEFORE = (
    "UPDATE rating SET (said, wrote) = (met.said, NULL) FROM"
    " (SELECT photo, said FROM state JOIN reading USING (photo, stamp)) AS met"
    " WHERE rating.photo = met.photo AND (rating.said IS NOT met.said OR rating.wrote IS NOT NULL)"
)
_WROTE = "INSERT INTO rating VALUES (?, NULL, ?) ON CONFLICT (photo) DO UPDATE SET wrote = excluded.wrote"


@dataclass(frozen=True, slots=True)
class Word:
    """What the files of a photo say of it.

    stamp: the state of the files, None where they could not all be read and shall be read again. verdict: a person's
    word. withdrawn: there is none, in files where there would be one; a choice that came from there ends.
    """

    photo: Photo
    stamp: bytes | None
    verdict: VerdictName | None
    withdrawn: bool = False


def stamp(source: Source) -> bytes:
    """Changes when the files of a photo change, sidecars included; not when they are moved together."""
    digest = hashlib.blake2b(digest_size=16)
    for name, size, time in sorted((os.fsencode(f.path.name), f.size, f.mtime_ns) for f in source.files):
        digest.update(b"%d %d %d " % (len(name), size, time) + name)
    return digest.digest()


def add(db: sqlite3.Connection, photos: Iterable[str], verdict: VerdictName | None, origin: Origin = "person") -> None:
    """Record one decision for several photos.

    Raises:
        NotFound: the catalog has no such photo.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for photo in photos:
        if not db.execute("SELECT 1 FROM photo WHERE id = ?", (photo,)).fetchone():
            raise NotFound(f"The catalog has no photo {photo}; cull its folder first.")
        db.execute(_ADD, (photo, verdict, now, origin))


def unread(db: sqlite3.Connection, photos: Sequence[tuple[str, bytes]]) -> list[int]:
    """The numbers of those (photo, stamp) that were not read yet, rising; the others say again what they said then."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS state (number INTEGER PRIMARY KEY, photo TEXT, stamp BLOB)")
    db.execute("DELETE FROM state")
    db.executemany("INSERT INTO state VALUES (?, ?, ?)", ((n, *photo) for n, photo in enumerate(photos)))
    found = db.execute(f"SELECT number FROM state WHERE NOT EXISTS ({_KNOWN}) ORDER BY number")
    numbers = [row[0] for row in found]
    db.execute(_AS_BEFORE)
    return numbers


def hear(db: sqlite3.Connection, word: Word) -> bool:
    """Take a word into account; whether it changed what counts."""
    photo = word.photo.id
    said, wrote = db.execute("SELECT said, wrote FROM rating WHERE photo = ?", (photo,)).fetchone() or (None, None)
    verdict, origin = db.execute(_LATEST_OF, (photo,)).fetchone() or (None, None)
    if word.verdict is not None:
        news = word.verdict not in (said, wrote)  # also where a person in keepers thinks the same
    else:
        news = word.withdrawn and verdict is not None and origin == "xmp"
    if news:
        add(db, [photo], word.verdict, "xmp")
    if (word.verdict, None) != (said, wrote):
        db.execute(_SAID, (photo, word.verdict))
    if word.stamp is not None:
        db.execute("INSERT OR REPLACE INTO reading VALUES (?, ?, ?)", (photo, word.stamp, word.verdict))
    return news and word.verdict != verdict


def will_write(db: sqlite3.Connection, words: Iterable[tuple[str, VerdictName]]) -> None:
    """Remember what keepers is about to write for (photo, verdict), so that it is not taken for news."""
    db.executemany(_WROTE, words)


def carry_over(db: sqlite3.Connection, old: str, new: str) -> None:
    """What a person said of `old` holds of `new`, where a file changed and its picture did not."""
    latest = db.execute(_LATEST_OF, (old,)).fetchone()
    if latest is not None and latest[0] != (db.execute(_LATEST_OF, (new,)).fetchone() or (None,))[0]:
        add(db, [new], *latest)
    db.execute(
        "INSERT OR REPLACE INTO rating SELECT ?, said, wrote FROM rating WHERE photo = ?",
        (new, old),
    )
