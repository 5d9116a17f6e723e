"""The store of pictures to look at: made when first asked for, kept on disk, thrown away when there are too many."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from keepers.app.review.render import Wanted, What, build_renderer, place
from keepers.errors import NotFound, PhotoError, UnreadablePhoto
from keepers.io.files import open_photo
from keepers.io.thumbs import FORMAT
from keepers.pipeline.uploads import Uploads
from keepers.types import Opinion

LIMIT = 2 << 30
"""Bytes of all pictures together; 10,000 photos need about 300 MB of small ones."""
_DOWN_TO = 0.8
_TIMEOUT_S = 60.0


class Pictures:
    """Safe to call from several threads; two that ask for one picture wait for one process to make it.

    Args:
        folder: made when needed. processes: how many make pictures at once. limit: bytes of all pictures together.
    """

    def __init__(self, folder: Path, processes: int = 2, limit: int = LIMIT) -> None:
        self._cache, self._folder = folder, folder / FORMAT
        self._limit = limit
        self._makers = Uploads(build_renderer, processes, timeout_s=_TIMEOUT_S)
        self._lock = threading.Lock()
        self._making: dict[Path, Future[None]] = {}
        self._size: int | None = None

    def get(self, opinion: Opinion, what: What, root: Path) -> Path:
        """The file of a picture of a photo that lies under `root`.

        Raises:
            UnreadablePhoto: the photo cannot be read, or has changed since it was culled.
            NotFound: its file lies outside of `root`, behind a link.
        """
        photo = opinion.report.photo
        if photo is None:
            raise UnreadablePhoto(opinion.report.error or f"{opinion.path.name} cannot be read.")
        inside(opinion.path, root)
        target = place(self._cache, photo.id, what)
        source = opinion.report.source
        if not _used(target):
            self._make(Wanted(source.path, source.files, photo.id, what, target))
        return target

    def close(self) -> None:
        """End the processes."""
        self._makers.close()

    def _make(self, wanted: Wanted) -> None:
        with self._lock:
            waiting = self._making.get(wanted.target)
            if waiting is None:
                mine: Future[None] = Future()
                self._making[wanted.target] = mine
        if waiting is not None:
            waiting.result()
            return
        try:
            report = self._makers.ask(wanted)
            if report.error is not None:
                raise UnreadablePhoto(report.error)
            self._count(wanted.target)
        except BaseException as error:
            mine.set_exception(error)
            mine.exception()  # it is ours to raise; nobody else may be waiting
            raise
        else:
            mine.set_result(None)
        finally:
            with self._lock:
                del self._making[wanted.target]

    def _count(self, made: Path) -> None:
        with self._lock:
            if self._size is None:
                self._size = sum(size for _, size, _ in _files(self._folder))
            else:
                with suppress(OSError):
                    self._size += made.stat().st_size
            if self._size > self._limit:
                self._size = _prune(self._folder, int(self._limit * _DOWN_TO), made)


def tidy(folder: Path, limit: int = LIMIT) -> None:
    """Throw away what was not used for longest where the store in `folder` holds more than `limit` bytes."""
    place = folder / FORMAT
    if sum(size for _, size, _ in _files(place)) > limit:
        _prune(place, int(limit * _DOWN_TO))


def original(opinion: Opinion, root: Path) -> Path | None:
    """The photo's own file where a browser shows it as it is: a JPEG that stands upright and has not changed.

    Raises:
        NotFound: it lies outside of `root`, behind a link.
    """
    photo = opinion.report.photo
    if photo is None or photo.camera.orientation != 1:
        return None
    inside(opinion.path, root)
    known = next(file for file in opinion.report.source.files if file.path == opinion.path)
    try:
        with open_photo(opinion.path) as file:
            facts = os.fstat(file.fileno())
            jpeg = file.read(3) == b"\xff\xd8\xff"
    except PhotoError:
        return None
    same = (facts.st_size, facts.st_mtime_ns) == (known.size, known.mtime_ns)
    return opinion.path if jpeg and same else None


def inside(path: Path, root: Path) -> None:
    """Raise NotFound for a file that is not under `root` once links are followed."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise NotFound(
            f"{path.name} is a link that leads out of the folder of its shoot, so the page does not show it."
        )


def _used(target: Path) -> bool:
    """Whether there is such a file; its time says when it was used last."""
    try:
        os.utime(target)
    except OSError:
        return target.is_file()
    return True


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Time, size and path of all pictures."""
    found = []
    for path in folder.glob("*/*"):
        with suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    return found


def _prune(folder: Path, limit: int, spare: Path | None = None) -> int:
    """Throw away what was not used for longest, until `limit` bytes are left; how many are."""
    files = sorted(_files(folder))
    size = sum(one for _, one, _ in files)
    for _, one, path in files:
        if size <= limit:
            break
        if path != spare:
            with suppress(OSError):
                path.unlink()
                size -= one
    return size
