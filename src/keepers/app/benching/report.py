"""What a bench leaves: Markdown for the terminal, and files."""

from __future__ import annotations

from pathlib import Path

from keepers.app.benching.drawing import figure, png
from keepers.app.benching.findings import Bench
from keepers.app.benching.tables import markdown, to_csv, to_json
from keepers.errors import StorageError, UserError

__all__ = ["markdown", "sizes", "write"]


def sizes(text: str) -> tuple[int, ...]:
    """Megapixels of a list such as "12,24".

    Raises:
        UserError: it is no such list.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UserError(f"{text!r} names no sizes; write megapixels with commas between, such as 12,24,45.")
    return tuple(dict.fromkeys(int(part) for part in parts))


def write(bench: Bench, folder: Path) -> list[Path]:
    """Write bench.md, bench.csv, bench.json and bench.png into `folder`, which is made where it is missing.

    Raises:
        StorageError: they cannot be written.
    """
    page = "# How fast keepers is here\n\n" + markdown(bench) + "\n![CPU time by stage](bench.png)\n"
    contents = {
        "bench.md": page.encode(),
        "bench.csv": to_csv(bench).encode(),
        "bench.json": to_json(bench).encode(),
        "bench.png": png(figure(bench)),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror or error}); name another folder.") from error
    return [folder / name for name in contents]
