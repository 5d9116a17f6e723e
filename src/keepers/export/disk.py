"""The few things that are done to files of other people, each so that a kill or a full disk cannot tear it.

Everything here raises OSError as the system gives it; `sentence` puts such an error into words.
"""

import ctypes
import errno
import functools
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepers.errors import Refused

_CHUNK = 1 << 20
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM}
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTCONN, errno.ESTALE}

LONGEST_NAME = 255
"""Bytes of a file name, on every common file system."""
FULL = {errno.ENOSPC, errno.EDQUOT}
"""Error numbers of a disk or a quota that is full."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of a file besides its bytes: `size` in bytes, times in ns since the epoch, permissions, owner."""

    size: int
    mtime_ns: int
    atime_ns: int
    mode: int
    uid: int
    gid: int

    @classmethod
    def of(cls, path: Path | int) -> "Facts":
        """The facts of a regular file.

        Raises:
            Refused: it is a link, a folder, a pipe or a device.
            OSError: it cannot be looked at.
        """
        found = os.fstat(path) if isinstance(path, int) else path.lstat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a link" if stat.S_ISLNK(found.st_mode) else "no ordinary file"
            raise Refused(f"{shown(path)} is {kind} and stays as it is; name the file itself.")
        return cls(
            found.st_size,
            found.st_mtime_ns,
            found.st_atime_ns,
            stat.S_IMODE(found.st_mode),
            found.st_uid,
            found.st_gid,
        )

    def same_as(self, other: "Facts") -> bool:
        """Whether nobody wrote to the file in between, as far as size and time can tell."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


def there(path: Path) -> bool:
    """Whether something has this name, be it a link that leads nowhere.

    Raises:
        OSError: that cannot be told; it is not taken for absence.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def shown(path: Path | int | str) -> str:
    """A path as one line that any terminal can print: what is not printable is escaped."""
    text = os.fspath(path) if isinstance(path, Path) else str(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def sentence(path: Path, error: OSError) -> str:
    """One sentence that names the file and says what helps."""
    name, code = shown(path), error.errno
    if code in FULL:
        return f"The disk was full at {name}; free some space and run again."
    if code == errno.EROFS:
        return f"{name} is on a disk that may only be read; unlock the card or choose another folder."
    if code in (errno.EACCES, errno.EPERM):
        return f"{name} may not be changed; give yourself permission to write into its folder."
    if code == errno.EEXIST:
        return f"{name} exists already and is never overwritten; move it away or choose another folder."
    if code == errno.ENAMETOOLONG:
        return f"The name {name} is too long for this disk; rename the photo and run again."
    if code in _GONE:
        return f"{name} or its folder is no longer there; check that its disk or card is connected and run again."
    return f"{name} could not be changed ({error.strerror or error}); check the disk it is on."


def digest_of(path: Path, cold: bool = False) -> str:
    """32 hex digits of the whole content, as `keepers.io.files.hash_bytes` gives them.

    cold: ask the system to forget its copy in memory first, so that what is read is what the disk holds.
    """
    descriptor = os.open(path, _READ)
    try:
        if cold and hasattr(os, "posix_fadvise"):
            with suppress(OSError):
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        digest = hashlib.blake2b(digest_size=16)
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that must not exist yet, and have it on the disk before returning; `mode` is less the umask."""
    descriptor = os.open(path, _NEW, mode)
    try:
        write_all(descriptor, data)
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def copy_new(source: Path, target: Path) -> str:
    """Copy bytes, times, permissions and attributes to a file that must not exist yet; the digest of the bytes.

    The copy is on the disk before this returns, and was read back from there.

    Raises:
        Refused: the source changed meanwhile, or the copy does not read as it was written.
        OSError: the disk failed.
    """
    before = Facts.of(source)
    reading = os.open(source, _READ)
    try:
        writing = os.open(target, _NEW, 0o600)  # as private as the source may be, until it is dressed
        try:
            digest = hashlib.blake2b(digest_size=16)
            while chunk := os.read(reading, _CHUNK):
                digest.update(chunk)
                write_all(writing, chunk)
            dress(target, before, source)
            sync_file(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    if not Facts.of(source).same_as(before):
        raise Refused(f"{shown(source)} changed while it was copied; run again when nothing else writes to it.")
    if digest_of(target, cold=True) != digest.hexdigest():
        raise Refused(f"{shown(source)} could not be copied without an error; check the disk of {shown(target)}.")
    return digest.hexdigest()


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; the system may take it in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def dress(path: Path, facts: Facts, like: Path | None = None, now: bool = False) -> None:
    """Give a file the permissions, owner and times of `facts` (with `now`, not the times), as far as its disk can.

    like: a file whose extended attributes are taken over as well.
    """
    if like is not None:
        with suppress(OSError):
            shutil.copystat(like, path)
    own = path.stat()
    if hasattr(os, "chown") and (own.st_uid, own.st_gid) != (facts.uid, facts.gid):
        with suppress(OSError):  # only root may give files away
            os.chown(path, facts.uid, facts.gid)
    with suppress(OSError):  # FAT knows no permissions
        os.chmod(path, facts.mode)  # noqa: PTH101
    if now:
        os.utime(path)
    else:
        os.utime(path, ns=(facts.atime_ns, facts.mtime_ns))


def sync_file(descriptor: int) -> None:
    """Have what was written on the disk; quiet where the file system cannot do it."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk; quiet where the system cannot do it, as on Windows."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def rename_new(source: Path, target: Path) -> None:
    """Rename within a file system; an existing target is never replaced.

    Linux does both in one step (renameat2 with RENAME_NOREPLACE) and so does Windows; elsewhere, and on network disks
    that cannot, the target is looked for just before.

    Raises:
        FileExistsError: the target exists.
        OSError: EXDEV where the target is on another file system.
    """
    if sys.platform == "linux" and _rename_noreplace(source, target):
        return
    if there(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(source), None, os.fspath(target))
    os.rename(source, target)  # noqa: PTH104


def _rename_noreplace(source: Path, target: Path) -> bool:
    """False where the system or the file system does not offer it."""
    function = _renameat2()
    if function is None:
        return False
    here, no_replace = -100, 1  # AT_FDCWD, RENAME_NOREPLACE
    if function(here, os.fsencode(source), here, os.fsencode(target), no_replace) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), os.fspath(source), None, os.fspath(target))


@functools.cache
def _renameat2() -> Any:
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # glibc 2.28, musl 1.2.4
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
        function.restype = ctypes.c_int
    return function


def sync_folders(folders: Iterable[Path]) -> None:
    """`sync_folder` for each that is still there."""
    for folder in folders:
        with suppress(FileNotFoundError):
            sync_folder(folder)


def make_folders(folders: list[Path]) -> None:
    """Make folders, the outermost first; one that exists is fine."""
    for folder in folders:
        with suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102
            sync_folder(folder.parent)


def missing_folders(folder: Path) -> list[Path]:
    """`folder` and those above it that do not exist, the outermost first."""
    missing: list[Path] = []
    while not there(folder):
        missing.insert(0, folder)
        folder = folder.parent
    return missing
