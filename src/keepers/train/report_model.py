"""What a report is made of, and the report as Markdown: a list of sections that is made once and rendered twice."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import Refused
from keepers.io.files import replacing

MARK = "<!-- Written by `keepers experiments report`. Write into NOTES.md instead: it is kept, and included here. -->"
"""First line of a README.md that may be overwritten."""


@dataclass(frozen=True)
class Text:
    """Paragraphs or lists, as CommonMark."""

    markdown: str


@dataclass(frozen=True)
class Table:
    """Cells hold inline Markdown; the first `left` columns are words, the others numbers. note: a line below it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture: its file's name with the ending, what it shows for who cannot see it, a caption, and its bytes."""

    name: str
    alt: str
    caption: str
    data: bytes


Block = Text | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole report. base: the folder that pictures named in hand-written notes lie in."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    base: Path

    @property
    def figures(self) -> list[Figure]:
        """All figures in their order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]


def share(value: float, digits: int = 3) -> str:
    """A share of one without its leading zero: .954."""
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else text


def compact(value: float) -> str:
    """A large number in three digits: 4.7 M, 328 k."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.0f}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 run, 2 runs."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def lowered(markdown: str, top: int = 3) -> str:
    """Notes whose highest heading is of level `top`, so that they fit below a heading of the report."""
    fence, levels, lines = False, [], markdown.splitlines()
    heads: dict[int, int] = {}
    for place, line in enumerate(lines):
        fence ^= line.lstrip().startswith(("```", "~~~"))
        found = re.match(r"#{1,6}(?=\s)", line)
        if found and not fence:
            heads[place] = len(found.group())
            levels.append(heads[place])
    shift = max(0, top - min(levels, default=top))
    return "\n".join(
        "#" * min(6, heads[place] + shift) + line[heads[place] :] if place in heads else line
        for place, line in enumerate(lines)
    ).strip()


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(re.sub(r"\s+", " ", cell.replace("|", "\\|")).strip() or " " for cell in cells) + " |"


def _table(table: Table) -> str:
    rule = ["---" if place < table.left else "---:" for place in range(len(table.head))]
    lines = [_cells(table.head), _cells(rule), *map(_cells, table.rows)]
    return "\n".join(lines) + (f"\n\n{table.note}" if table.note else "")


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return block.markdown.strip()
    if isinstance(block, Table):
        return _table(block)
    alt = re.sub(r"[\[\]\\]", " ", block.alt)
    return f"![{alt}]({block.name})\n\n*{block.caption}*" if block.caption else f"![{alt}]({block.name})"


def markdown(document: Document) -> str:
    """The report as one Markdown text whose figures lie beside it."""
    parts = [MARK, f"# {document.title}", document.lead]
    for section in document.sections:
        parts += [f"## {section.title}", *map(_block, section.blocks)]
    return "\n\n".join(part for part in parts if part) + "\n"


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder whose README.md somebody else wrote.

    Raises:
        Refused: if it holds one.
    """
    path = folder / "README.md"
    if path.is_file() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise Refused(f"{path} was not written by `keepers experiments report`; name another folder with -o.")


def write_markdown(document: Document, folder: Path) -> Path:
    """Write FOLDER/README.md and the figures beside it; return the README's path.

    Raises:
        Refused: if the folder holds another README.md.
    """
    refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for figure in document.figures:
        with replacing(folder / figure.name) as partial:
            partial.write_bytes(figure.data)
    with replacing(folder / "README.md") as partial:
        partial.write_text(markdown(document), encoding="utf-8", newline="\n")
    return folder / "README.md"
