"""XMP: parsed so that a hostile file can do no harm, and read for what people said of a photo.

XMP is RDF/XML (ISO 16684-1). Properties are known by namespace and name: prefixes vary between programs, and a
property may be an attribute or a child element of any `rdf:Description` in `rdf:RDF`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from lxml import etree

from keepers.errors import Refused
from keepers.types import VERDICTS, Author, Rating, VerdictName

MAX_BYTES = 32 << 20
"""Sidecars with long histories and masks have a few MiB."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
NAMESPACES: Mapping[str, str] = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpDM": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "keepers": "keepers:ns:1.0/",
}
"""Usual prefix -> namespace of every property that keepers writes."""


def _name(prefix: str, local: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{local}"


RATING = _name("xmp", "Rating")
LABEL = _name("xmp", "Label")
COLOUR = _name("photoshop", "LabelColor")
GOOD = _name("xmpDM", "good")
PICK = _name("xmpDM", "pick")
PICK_LABEL = _name("digiKam", "PickLabel")
VERDICT = _name("keepers", "Verdict")
BY = _name("keepers", "By")
OWN_RATING = _name("keepers", "Rating")
"""What keepers wrote into xmp:Rating; it is a person's as soon as the two differ."""
OLD_RATING = _name("keepers", "RatingBefore")
"""What xmp:Rating was before that; it comes back when keepers takes its own away."""
OURS = (RATING, LABEL, COLOUR, GOOD, PICK, PICK_LABEL, VERDICT, BY, OWN_RATING, OLD_RATING)

MARKS: Mapping[VerdictName, Mapping[str, str | None]] = {
    "keep": {GOOD: "true", PICK: "1", LABEL: "Green", COLOUR: "green", PICK_LABEL: "3"},
    "maybe": {GOOD: None, PICK: "0", LABEL: "Yellow", COLOUR: "yellow", PICK_LABEL: "2"},
    "delete": {GOOD: "false", PICK: "-1", LABEL: "Red", COLOUR: "red", PICK_LABEL: "1"},
}
"""How a verdict is written; None is a property that must not be there. Stars are no part of it."""

COLOURS: Mapping[str, Mapping[str, str]] = {
    name: {LABEL: name.capitalize(), COLOUR: name} for name in ("red", "yellow", "green", "blue", "purple")
}
"""How a colour that a person gave is written: the label in English, as Lightroom's and darktable's defaults have it."""

DESCRIPTION = f"{{{RDF}}}Description"
_VALUE = f"{{{RDF}}}value"
_LIST_ITEM = f"{{{RDF}}}li"
_MEANING: Mapping[str, Mapping[int | None, VerdictName]] = {
    GOOD: {1: "keep", 0: "delete"},
    PICK: {1: "keep", -1: "delete"},
    RATING: {-1: "delete"},
    PICK_LABEL: {1: "delete", 2: "maybe", 3: "keep"},
}
"""The flags, those first that win where several contradict each other."""
_TRUTH = {"true": 1, "false": 0, "1": 1, "0": 0}


@dataclass(frozen=True, slots=True)
class Packet:
    """A parsed file: `root` and the bytes around it, which hold the xpacket wrapper, its padding and comments.

    `root` is an lxml element; `rdf` is the `rdf:RDF` in it, or None in an empty `x:xmpmeta`.
    """

    before: bytes
    root: Any
    after: bytes
    encoding: str

    @property
    def rdf(self) -> Any:
        """The element that holds the descriptions."""
        return next(self.root.iter(f"{{{RDF}}}RDF"), None)

    def descriptions(self) -> list[Any]:
        """The elements whose attributes and children are the properties of the photo."""
        rdf = self.rdf
        return [] if rdf is None else [child for child in rdf if child.tag == DESCRIPTION]

    def to_bytes(self) -> bytes:
        """The whole file; what stands around the root is as it was, byte by byte."""
        root = etree.tostring(self.root, encoding=self.encoding, xml_declaration=False, with_tail=False)
        return self.before + bytes(root) + self.after


def parse(data: bytes, name: str) -> Packet:
    """Parse a sidecar or an embedded packet. Nothing is fetched, expanded or repaired.

    Args:
        data: the whole file.
        name: what to call it in messages.

    Raises:
        Refused: no valid XML, no XMP, a DOCTYPE, or more than 32 MiB.
    """
    if len(data) > MAX_BYTES:
        raise Refused(f"{name} has {len(data) >> 20} MiB, too much for XMP; it was left as it is.")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    body = data if wide else data.rstrip(b"\0")  # some cameras end the packet with a zero byte
    try:
        start, end = _root_span(body, name)
        tree = etree.ElementTree(etree.fromstring(body, _parser()))
    except expat.ExpatError as error:
        raise _invalid(name, f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise _invalid(name, str(error).split(", line")[0].split("\n")[0] or "no XML") from error
    encoding = tree.docinfo.encoding or "UTF-8"
    if wide:
        encoding = "UTF-16LE" if data[:2] == b"\xff\xfe" else "UTF-16BE"
    packet = Packet(data[:start], tree.getroot(), data[end:], encoding)
    if packet.rdf is None and packet.root.tag != f"{{{META}}}xmpmeta":
        raise Refused(f"{name} is XML without XMP, so it was left as it is; move it away if you can do without it.")
    return packet


def _invalid(name: str, why: str) -> Refused:
    return Refused(f"{name} is no valid XMP ({why}), so it was left as it is; repair it or move it away.")


def _parser() -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        strip_cdata=False,
    )


def _root_span(data: bytes, name: str) -> tuple[int, int]:
    """Where the root element begins and ends; the first of two parsers, which stops at a DOCTYPE."""
    parser = expat.ParserCreate()
    span, depth = [0, 0], 0

    def doctype(*_: object) -> None:
        raise Refused(f"{name} has a DOCTYPE, which XMP never needs and which may do harm; it was left as it is.")

    def start(*_: object) -> None:
        nonlocal depth
        if depth == 0:
            span[0] = parser.CurrentByteIndex
        depth += 1

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1
        if depth == 0:
            span[1] = parser.CurrentByteIndex

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return span[0], _behind_tag(data, span[1])


def _behind_tag(data: bytes, at: int) -> int:
    """The end of the closing tag at `at`; of an empty root `<a/>` expat gives the end itself."""
    for less, slash, greater in ((b"<", b"/", b">"), (b"<\0", b"/\0", b">\0"), (b"\0<", b"\0/", b"\0>")):
        if data.startswith(less + slash, at):
            return data.index(greater, at) + len(greater)
    return at


def properties(packet: Packet) -> dict[str, str]:
    """Clark name -> text of those properties in `OURS` that the packet has; of several the first counts."""
    found: dict[str, str] = {}
    for description in packet.descriptions():
        for name, text in _pairs(description):
            if name in OURS:
                found.setdefault(name, text.strip())
    return found


def _pairs(description: Any) -> Iterator[tuple[str, str]]:
    yield from description.attrib.items()
    for child in description:
        if isinstance(child.tag, str):
            yield child.tag, _text(child)


def _text(element: Any) -> str:
    """A simple value, also where it is qualified (`rdf:value`) or the first of a list."""
    if _VALUE in element.attrib:
        return str(element.attrib[_VALUE])
    for inner in element.iter(_VALUE, _LIST_ITEM):
        return "".join(inner.itertext(tag=inner.tag))
    return "".join(element.itertext(tag=element.tag))


def read_rating(data: bytes, name: str = "The XMP") -> Rating:
    """What a sidecar or an embedded packet says of its photo.

    A person's word is, in this order: a flag (xmpDM:good, xmpDM:pick, a Rating of -1, digiKam:PickLabel), what
    keepers recorded as a person's choice, stars (4 and 5 keep, 1 to 3 maybe). A colour label alone says nothing.
    What keepers wrote for a verdict of its own is a person's word only once another program has changed it.

    Raises:
        Refused: as `parse`.
    """
    return rating_in(properties(parse(data, name)))


def rating_in(found: Mapping[str, str]) -> Rating:
    """As `read_rating`, of the `properties` of a packet."""
    stars = _number(found.get(RATING))
    verdict, by = _own_verdict(found)
    said = flagged(found)
    if said is None and by != "person" and found.get(RATING) != found.get(OWN_RATING):
        said = by_stars(stars)
    if said is not None:
        verdict, by = said, "person"
    return Rating(verdict, stars if stars in range(6) else None, found.get(LABEL) or None, by)


def flagged(found: Mapping[str, str]) -> VerdictName | None:
    """A person's verdict by flags, stars aside; None where there is none or it is keepers' own.

    A flag of keepers' that another program made neutral was withdrawn: what remains are stars, or neither keep nor
    delete. One that is merely missing says nothing, since some programs drop what they do not know.
    """
    recorded, _ = _own_verdict(found)
    now, own = _flags(found), {}
    if recorded is not None:
        marks = {name: text for name, text in MARKS[recorded].items() if text is not None}
        own = _flags({**marks, RATING: found.get(OWN_RATING, "")})
    changed = [name for name in _MEANING if now[name] != own.get(name)]
    for name in changed:
        if (word := _MEANING[name].get(now[name])) is not None:
            return word
    withdrawn = any(now[name] is not None and own.get(name) in _MEANING[name] for name in changed)
    own_stars = found.get(RATING) == found.get(OWN_RATING)
    stars = None if own_stars else by_stars(_number(found.get(RATING)))
    return (stars or "maybe") if withdrawn and recorded != "maybe" else None


def _flags(found: Mapping[str, str]) -> dict[str, int | None]:
    """The values of the flags; of xmp:Rating only whether it is -1."""
    rating = _number(found.get(RATING))
    return {
        GOOD: _TRUTH.get(found.get(GOOD, "").lower()),
        PICK: _number(found.get(PICK)),
        RATING: None if rating is None else min(rating, 0),
        PICK_LABEL: _number(found.get(PICK_LABEL)),
    }


def by_stars(stars: int | None) -> VerdictName | None:
    """What stars alone say: 4 and 5 keep, 1 to 3 are a Maybe, none or 0 say nothing."""
    if stars is None or not 1 <= stars <= 5:
        return None
    return "keep" if stars >= 4 else "maybe"


def _own_verdict(found: Mapping[str, str]) -> tuple[VerdictName | None, Author | None]:
    """What keepers recorded in its own namespace."""
    verdict = next((name for name in VERDICTS if name == found.get(VERDICT)), None)
    if verdict is None:
        return None, None
    return verdict, "person" if found.get(BY) == "person" else "machine"


def _number(text: str | None) -> int | None:
    """A whole number, also one that was written as "5.0"."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return round(number) if math.isfinite(number) else None
