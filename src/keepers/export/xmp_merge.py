"""Writing a verdict into XMP and leaving everything else in it as it is."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from lxml import etree

from keepers.errors import Refused
from keepers.io import xmp
from keepers.io.xmp import Packet
from keepers.types import Author, VerdictName

STARS: Mapping[VerdictName, str] = {"keep": "5", "maybe": "3", "delete": "1"}
"""What `stars` writes; read back as ratings, 4 and 5 keep and 1 to 3 are a Maybe."""

_EMPTY = (
    f'<x:xmpmeta xmlns:x="{xmp.META}" x:xmptk="keepers">\n'
    f' <rdf:RDF xmlns:rdf="{xmp.RDF}">\n'
    '  <rdf:Description rdf:about=""/>\n'
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n"
)
NEW_SIDECAR = f'<?xml version="1.0" encoding="UTF-8"?>\n{_EMPTY}'.encode()
"""What a sidecar starts from where there is none."""
NEW_PACKET = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{_EMPTY}<?xpacket end="w"?>'.encode()
"""The same for a packet inside another file, where programs search for the wrapper."""

Changes = Mapping[str, str | None]
"""Clark name -> what the property shall be; None is a property that must not be there."""

_REJECTED, _UNRATED = "-1", "0"
_ABOUT = {f"{{{xmp.RDF}}}about", "about"}
_NO_TEXT = (f"{{{xmp.META}}}xmpmeta", f"{{{xmp.RDF}}}RDF", xmp.DESCRIPTION)
_LISTS = tuple(f"{{{xmp.RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt"))

for _prefix, _uri in {**xmp.NAMESPACES, "rdf": xmp.RDF, "x": xmp.META}.items():
    etree.register_namespace(_prefix, _uri)


def changes(verdict: VerdictName, by: Author, rating: str | None = None, colour: str = "") -> dict[str, str | None]:
    """The properties of a verdict.

    `rating` is for xmp:Rating; None leaves it to the user. `colour` is a person's own, before that of the verdict.
    """
    own = xmp.COLOURS[colour] if colour else {}
    return {**xmp.MARKS[verdict], **own, xmp.VERDICT: verdict, xmp.BY: by, xmp.OWN_RATING: rating}


def merge(data: bytes, wanted: Changes, name: str) -> bytes:
    """The file `data` with the `wanted` properties and nothing else changed.

    A property is replaced where it stands, be it attribute or element; a new one becomes an attribute of the first
    description. Merging again changes nothing, and what is merged last is all that remains. The result is parsed
    and compared with what was there before it is returned.

    Args:
        data: a sidecar or an embedded packet; `NEW_SIDECAR` or `NEW_PACKET` where there is none yet.
        wanted: as `changes` gives them.
        name: what to call it in messages.

    Raises:
        Refused: `data` is not valid XMP, or something of it would be lost.
    """
    if data in (NEW_SIDECAR, NEW_PACKET):  # a shoot without sidecars gets thousands of a few kinds
        return _new(data, tuple(wanted.items()))
    return _merge(data, wanted, name)


@functools.lru_cache
def _new(data: bytes, wanted: tuple[tuple[str, str | None], ...]) -> bytes:
    return _merge(data, dict(wanted), "A new sidecar")


def _merge(data: bytes, wanted: Changes, name: str) -> bytes:
    packet = xmp.parse(data, name)
    theirs = foreign(packet)
    _ensure_description(packet)
    full = _with_rating(wanted, xmp.properties(packet))
    for key, value in full.items():
        _put(packet, key, value)
    _spread(packet)
    merged = packet.to_bytes()
    after = xmp.parse(merged, name)
    if foreign(after) != theirs:
        raise Refused(f"{name} could not be changed without losing what others wrote, so it was left as it is.")
    _read_back(after, full, name)
    return merged


def foreign(packet: Packet) -> bytes:
    """Everything in a packet that is not keepers': canonical XML with comments, and the bytes around it.

    White space between elements, where RDF gives it no meaning, does not count.
    """
    bare = dataclasses.replace(packet, root=copy.deepcopy(packet.root))
    _ensure_description(bare)
    for key in xmp.OURS:
        _put(bare, key, None)
    for description in bare.descriptions():
        if len(description) == 0 and not set(description.attrib) - _ABOUT:
            _remove(description)
    for element in bare.root.iter():
        _drop_blanks(element)
    return packet.before + _canonical(bare.root) + packet.after


def _canonical(root: Any) -> bytes:
    """Exclusive C14N 1.0, which is fast; C14N 2.0 where a namespace is no absolute address, which 1.0 refuses."""
    try:
        return bytes(etree.tostring(root, method="c14n", exclusive=True, with_comments=True))
    except etree.C14NError:
        return bytes(etree.tostring(root, method="c14n2", with_comments=True))


def _with_rating(wanted: Changes, found: Mapping[str, str]) -> dict[str, str | None]:
    """`wanted` with what shall become of xmp:Rating, which is the user's unless keepers wrote it.

    A rating that keepers replaces is remembered beside it, and comes back when keepers no longer wants its own.
    Stars that another program changed since keepers wrote the same as it would write now are the later word.
    """
    now, own = found.get(xmp.RATING), found.get(xmp.OWN_RATING)
    users = now if own is None or now != own else found.get(xmp.OLD_RATING)
    mine = wanted.get(xmp.OWN_RATING)
    if mine is None and users == _REJECTED and wanted[xmp.VERDICT] != "delete":
        mine = _UNRATED  # a rejection is no star, and would contradict the verdict
    if stays(wanted, found):
        return {**wanted, xmp.OLD_RATING: found.get(xmp.OLD_RATING)}
    if mine is not None:
        return {**wanted, xmp.OWN_RATING: mine, xmp.RATING: mine, xmp.OLD_RATING: users}
    return {**wanted, xmp.OLD_RATING: None} | ({} if users == now else {xmp.RATING: users})


def stays(wanted: Changes, found: Mapping[str, str]) -> bool:
    """Whether xmp:Rating stays as another program left it after keepers had written the very stars that it wants."""
    now, mine = found.get(xmp.RATING), wanted.get(xmp.OWN_RATING)
    stars = mine is not None and mine != _REJECTED and mine == found.get(xmp.OWN_RATING)
    return stars and now not in (None, mine, _REJECTED)


def _ensure_description(packet: Packet) -> None:
    rdf = packet.rdf
    if rdf is None:
        rdf = etree.SubElement(packet.root, f"{{{xmp.RDF}}}RDF", nsmap={"rdf": xmp.RDF})
    if not packet.descriptions():
        etree.SubElement(rdf, xmp.DESCRIPTION).set(f"{{{xmp.RDF}}}about", "")


def _put(packet: Packet, key: str, value: str | None) -> None:
    """Set or remove one property. Where it is stated several times the first is set and the others go."""
    placed = value is None
    for description in packet.descriptions():
        if key in description.attrib:
            if placed:
                del description.attrib[key]
            else:
                description.set(key, value)
            placed = True
        for element in description.findall(key):
            if placed:
                _remove(element)
            else:
                _fill(element, value)
            placed = True
    if not placed:
        packet.descriptions()[0].set(key, value)


def _fill(element: Any, value: str | None) -> None:
    """Make an element a simple value; comments in it stay."""
    if len(element) == 0 and not element.attrib and (element.text or "").strip() == value:
        return
    for child in list(element):
        if isinstance(child.tag, str):
            element.remove(child)
        else:
            child.tail = None
    element.attrib.clear()
    element.text = value


def _remove(element: Any) -> None:
    """Take an element out, and of the white space around it what stands before it."""
    parent, before = element.getparent(), element.getprevious()
    gap = (parent.text if before is None else before.tail) or ""
    rest = (element.tail or "") if not gap.strip() else gap + (element.tail or "")
    parent.remove(element)
    if before is None:
        parent.text = rest or None  # an empty text is written as <a></a> now and read back as <a/>
    else:
        before.tail = rest or None


def _drop_blanks(element: Any) -> None:
    """Drop the white space in an element that holds elements, or that never holds text."""
    if element.tag not in _NO_TEXT and not any(isinstance(child.tag, str) for child in element):
        return
    if not (element.text or "").strip():
        element.text = None
    for child in element:
        if not (child.tail or "").strip():
            child.tail = None


def _spread(packet: Packet) -> None:
    """Put the items of a list on lines of their own: darktable 4.2 finds no keywords in `IMG.xmp` otherwise."""
    rdf = packet.rdf
    for items in rdf.iter(*_LISTS):
        if len(items) == 0 or items.text or any(child.tail for child in items):
            continue
        margin = "\n" + " " * len(list(items.iterancestors()))
        items.text = margin + " "
        for child in items:
            child.tail = margin + " "
        items[-1].tail = margin
        holder = items.getparent()
        if not holder.text and not items.tail and len(holder) == 1:
            holder.text, items.tail = margin, margin[:-1]


def _read_back(after: Packet, wanted: Changes, name: str) -> None:
    found = xmp.properties(after)
    if any(found.get(key) != value for key, value in wanted.items()):
        raise Refused(f"{name} would not say what it should after the change, so it was left as it is.")
