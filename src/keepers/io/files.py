"""Opening files that may have vanished, hang or be forbidden, naming what is in them, and writing our own whole."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from keepers.errors import PhotoTooLarge, UnreadablePhoto
from keepers.io.kinds import HEAD_BYTES, sniff
from keepers.types import Source

MAX_BYTES = 2 << 30
"""No photo is larger than 2 GiB; what is larger is a film or a disk image."""
_WINDOW = 1 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def absolute(path: Path) -> Path:
    """`path` from the root, links included: photos keep the names by which the user knows them."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


@contextmanager
def open_photo(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, unbuffered.

    Raises:
        UnreadablePhoto: it is gone, forbidden, empty, a folder, a pipe or a device, or the disk fails.
        PhotoTooLarge: it has more than 2 GiB.
    """
    try:
        _refuse(path.name, path.stat())  # before opening: opening a device may already do something
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            _refuse(path.name, os.fstat(descriptor))
            yield file
    except FileNotFoundError as error:
        raise UnreadablePhoto(f"{path.name} is no longer there; scan the folder again.") from error
    except PermissionError as error:
        raise UnreadablePhoto(f"{path.name} may not be opened; give yourself permission to read it.") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnreadablePhoto(f"{path.name} cannot be read ({why}); check the disk or card it is on.") from error


def _refuse(name: str, facts: os.stat_result) -> None:
    if stat.S_ISDIR(facts.st_mode):
        raise UnreadablePhoto(f"{name} is a folder, not a photo; name a file in it.")
    if not stat.S_ISREG(facts.st_mode):
        raise UnreadablePhoto(f"{name} is a pipe or a device, not a photo; name a file.")
    refuse_size(name, facts.st_size)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; it takes the target's place when the block ends without an error.

    Whoever reads `target` meanwhile, or after a kill, finds the old file or the new one and never half of one.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        yield partial
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def refuse_size(name: str, size: int) -> None:
    """Raise for a file of `size` bytes that is empty or beyond `MAX_BYTES`."""
    if size == 0:
        raise UnreadablePhoto(f"{name} is empty; copy it from the card again.")
    if size > MAX_BYTES:
        raise PhotoTooLarge(f"{name} has {size / 2**30:.1f} GiB, too much for a photo; take it out of the folder.")


def read_head(file: BinaryIO) -> bytes:
    """The first MiB, or the whole of a smaller file."""
    return read_up_to(file, HEAD_BYTES)


def read_whole(file: BinaryIO, head: bytes) -> bytes:
    """All of a file whose first MiB, at most, is `head`; up to `MAX_BYTES`.

    Its size is asked first: memory for the largest photo there may be need not be set aside, nor a copy be made.
    """
    if len(head) < HEAD_BYTES:
        return head
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    return read_up_to(file, min(size, MAX_BYTES))


def read_up_to(file: BinaryIO, limit: int) -> bytes:
    """Up to `limit` bytes; an unbuffered read may return fewer than it is asked for."""
    parts = []
    while limit > 0 and (part := file.read(limit)):
        parts.append(part)
        limit -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def hash_bytes(data: bytes) -> str:
    """32 hex digits: BLAKE2b-128 (RFC 7693) of the whole content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def hash_windows(file: BinaryIO, size: int) -> str:
    """32 hex digits for a RAW file of `size` bytes: its size and three windows of 1 MiB (start, middle, end).

    A RAW file is only read where its preview lies; hashing all of it would read 50 MB to use 3.
    """
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
    for start in (0, max(0, size // 2 - _WINDOW // 2), max(0, size - _WINDOW)):
        file.seek(start)
        digest.update(read_up_to(file, _WINDOW))
    return digest.hexdigest()


def content_id(source: Source) -> str:
    """The photo id of a source without decoding it: the same that `decode.read` gives.

    Raises:
        UnreadablePhoto, PhotoTooLarge: as `open_photo`.
    """
    with open_photo(source.path) as file:
        head = read_head(file)
        if sniff(head, source.path.suffix) == "raw":
            return hash_windows(file, file.seek(0, os.SEEK_END))
        return hash_bytes(read_whole(file, head))
