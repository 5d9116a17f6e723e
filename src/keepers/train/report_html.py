"""The report as one HTML file that needs nothing beside it: no script, no other file, nothing from the network."""

import base64
import mimetypes
import re
from importlib import resources
from pathlib import Path
from typing import Any

from keepers.io.files import replacing
from keepers.train.report_model import Document, Figure, Section, Table, Text

_IMAGE = re.compile(r'<img src="([^"]*)"')


def _uri(data: bytes, name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


class _Words:
    """Markdown to HTML; HTML in it is shown as it was typed, and pictures beside the notes are put inside."""

    def __init__(self, base: Path) -> None:
        from markdown_it import MarkdownIt

        self.base = base
        self.parser = MarkdownIt("commonmark", {"html": False}).enable("table")

    def block(self, markdown: str) -> str:
        html = str(self.parser.render(markdown))
        # A wide table moves inside its own frame, not the whole page.
        html = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
        return _IMAGE.sub(self._inside, html)

    def line(self, markdown: str) -> str:
        return str(self.parser.renderInline(markdown))

    def _inside(self, found: re.Match[str]) -> str:
        path = (self.base / found.group(1)).resolve()
        kind = mimetypes.guess_type(path.name)[0] or ""
        # Only pictures of the notes' own folder: a report is made to be given away.
        inside = path.is_relative_to(self.base.resolve()) and kind.startswith("image/") and path.is_file()
        return f'<img src="{_uri(path.read_bytes(), path.name)}"' if inside else found.group()


def _section(section: Section, words: _Words) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    for block in section.blocks:
        if isinstance(block, Text):
            blocks.append({"kind": "text", "html": words.block(block.markdown)})
        elif isinstance(block, Table):
            rows = [[{"html": words.line(cell), "long": len(cell) > 16} for cell in row] for row in block.rows]
            head = [words.line(cell) for cell in block.head]
            blocks.append(
                {"kind": "table", "head": head, "rows": rows, "left": block.left, "note": words.line(block.note)}
            )
        elif isinstance(block, Figure):
            blocks.append(
                {
                    "kind": "figure",
                    "uri": _uri(block.data, block.name),
                    "alt": block.alt,
                    "caption": words.line(block.caption),
                }
            )
    return {"title": section.title, "slug": _slug(section.title), "blocks": blocks}


def html(document: Document) -> str:
    """The report as one HTML page."""
    import jinja2

    words = _Words(document.base)
    template = (resources.files("keepers.train") / "templates" / "report.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        title=document.title,
        lead=words.line(document.lead),
        sections=[_section(section, words) for section in document.sections],
    )


def write_html(document: Document, path: Path) -> Path:
    """Write the report as one HTML file; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(html(document), encoding="utf-8", newline="\n")
    return path
