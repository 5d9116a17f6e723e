"""The desktop's trash: the only way out that keepers cannot take back itself, so it says where things are."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

_INFO = ".trashinfo"


def send(path: Path) -> None:
    """Move a file to the desktop's trash (send2trash: the freedesktop.org, macOS or Windows one).

    Raises:
        OSError: its disk has no trash or does not allow one.
    """
    from send2trash import send2trash

    send2trash(os.fspath(path))


def in_trash(path: Path) -> Path | None:
    """Where in the trash the file lies that was last at `path`; None where it is not found, as on macOS and Windows.

    Follows the freedesktop.org trash specification 1.0: `info/NAME.trashinfo` says where `files/NAME` was.
    """
    if sys.platform in ("win32", "darwin"):
        return None
    found: list[tuple[str, Path]] = []
    for trash, top in _trashes(path):
        for info in trash.glob(f"info/*{_INFO}"):
            said = _read(info)
            if Path(os.path.normpath(top / said.get("Path", ""))) == path:
                found.append((said.get("DeletionDate", ""), trash / "files" / info.name.removesuffix(_INFO)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _trashes(path: Path) -> Iterator[tuple[Path, Path]]:
    """Trash folders that may hold a file of that disk, each with the folder its entries are relative to."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    yield data / "Trash", data
    for top in path.parents:
        if top.is_mount():
            yield top / ".Trash" / str(os.getuid()), top
            yield top / f".Trash-{os.getuid()}", top
            return


def _read(info: Path) -> dict[str, str]:
    try:
        lines = info.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key: unquote(value, errors="surrogateescape") for key, _, value in pairs}
