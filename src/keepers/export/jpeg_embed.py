"""A verdict spliced into the XMP segment of a JPEG: pixels and all other segments stay byte for byte.

XMP specification part 3 (Adobe): one APP1 segment of at most 65,502 bytes of packet; what does not fit is ExtendedXMP
in segments of its own, which are left alone. CIPA DC-007 (MPF): the sizes and offsets of further pictures in the
file are put right where the splice would break them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import Refused
from keepers.export.operations import WriteFile
from keepers.export.xmp_merge import NEW_PACKET, Changes, merge
from keepers.io.jpeg_segments import APP0, APP1, APP2, EXIF, MPF, SOS, XMP, Segment, segments

MOST_XMP = 65_502
"""Bytes of the packet in one segment."""
_MP_ENTRIES = 0xB002
_MP_ENTRY = 16
"""Bytes of an entry: attributes, size, offset (each 4), two dependent images (2 each)."""


def embed(data: bytes, wanted: Changes, name: str) -> bytes:
    """The JPEG `data` with the `wanted` properties in its XMP.

    Existing XMP is merged where it stands; new XMP comes behind JFIF and EXIF. Nothing is decoded.

    Args:
        data: the whole file.
        wanted: as `xmp_merge.changes` gives them.
        name: what to call it in messages.

    Raises:
        Refused: no JPEG or a damaged one, several XMP packets, XMP that is not valid, no room in the segment.
    """
    before = _headers(data, name)
    packets = [segment for segment in before if _is(data, segment, APP1, XMP)]
    if len(packets) > 1:
        raise Refused(f"{name} holds {len(packets)} XMP packets; programs disagree on which counts, so it was left.")
    old = packets[0].content(data)[len(XMP) :] if packets else NEW_PACKET
    packet = merge(old, wanted, f"The XMP in {name}")
    if len(packet) > MOST_XMP:
        raise Refused(
            f"{name} has no room for more XMP (a JPEG holds 64 kB of it in one segment); write a sidecar instead."
        )
    content = XMP + packet
    new = b"\xff" + bytes([APP1]) + struct.pack(">H", len(content) + 2) + content
    start, end = (packets[0].start, packets[0].end) if packets else (_place(data, before),) * 2
    spliced = _Splice(data, start, end, new, name).done(before)
    _check(data, spliced, name)
    return spliced


class EmbedXmp(WriteFile):
    """A `WriteFile` whose data is made from the file whenever it is asked for.

    The plan for a shoot would hold every JPEG of it in memory otherwise. Where the file changed since the plan,
    `expected` tells; where it has been written already, the data are as it is.
    """

    __slots__ = ("_wanted",)
    _wanted: Changes

    def __init__(self, path: Path, wanted: Changes, what: str, expected: str, group: str) -> None:
        facts = {"path": path, "_wanted": wanted, "what": what, "expected": expected, "group": group}
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    @property
    def data(self) -> bytes:
        """The whole new file; raises Refused as `embed`, and OSError where it cannot be read."""
        return embed(self.path.read_bytes(), self._wanted, self.path.name)


def _headers(data: bytes, name: str) -> list[Segment]:
    found = list(segments(data))
    if data[:2] != b"\xff\xd8" or not found or found[-1].marker != SOS:
        raise Refused(f"{name} is no JPEG or a damaged one, so nothing was written into it; write a sidecar instead.")
    return found


def _is(data: bytes, segment: Segment, marker: int, signature: bytes) -> bool:
    return segment.marker == marker and data.startswith(signature, segment.body)


def _place(data: bytes, before: list[Segment]) -> int:
    """Where new XMP goes: behind the APP0 and EXIF segments that come first."""
    at = before[0].start
    for segment in before:
        if segment.marker != APP0 and not _is(data, segment, APP1, EXIF):
            break
        at = segment.end
    return at


@dataclass(frozen=True, slots=True)
class _Splice:
    """`new` takes the place of the bytes of `data` from `start` to `end`."""

    data: bytes
    start: int
    end: int
    new: bytes
    name: str

    def done(self, before: list[Segment]) -> bytes:
        """The new file, its list of further pictures put right."""
        data = bytearray(self.data)
        for segment in before:
            if _is(self.data, segment, APP2, MPF):
                self._correct(data, segment.body + len(MPF), segment.end)
        return bytes(data[: self.start]) + self.new + bytes(data[self.end :])

    def _correct(self, data: bytearray, base: int, end: int) -> None:
        """Offsets count from `base`, behind the signature; the first picture, which is this JPEG, has offset 0."""
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(self.data[base : base + 4])
        if order is None:
            raise self._broken()
        at, count = self._entries(order, base, end)
        for number in range(count):
            size, offset = struct.unpack_from(order + "II", data, at + number * _MP_ENTRY + 4)
            if number == 0:
                size += len(self.new) - (self.end - self.start)
            elif offset:
                offset = self._moved(base + offset) - self._moved(base)
            if not (0 <= size < 1 << 32 and 0 <= offset < 1 << 32):
                raise self._broken()
            struct.pack_into(order + "II", data, at + number * _MP_ENTRY + 4, size, offset)

    def _entries(self, order: str, base: int, end: int) -> tuple[int, int]:
        """Where the entries begin, and how many there are."""
        try:
            (folder,) = struct.unpack_from(order + "I", self.data, base + 4)
            (tags,) = struct.unpack_from(order + "H", self.data, base + folder)
            for number in range(tags):
                tag, _, size, where = struct.unpack_from(order + "HHII", self.data, base + folder + 2 + 12 * number)
                if tag == _MP_ENTRIES and size % _MP_ENTRY == 0 and base + where + size <= end:
                    return base + where, size // _MP_ENTRY
        except struct.error:
            pass
        raise self._broken()

    def _moved(self, at: int) -> int:
        """Where the byte at `at` lies in the new file."""
        return at if at < self.end else at + len(self.new) - (self.end - self.start)

    def _broken(self) -> Refused:
        return Refused(
            f"{self.name} holds further pictures whose list is damaged, so nothing was written into it; "
            "write a sidecar instead."
        )


def _check(old: bytes, new: bytes, name: str) -> None:
    """Segments other than XMP, their order and everything from the pixels on are as they were."""
    if _rest(old, name) != _rest(new, name):
        raise Refused(f"{name} would not be the same picture after the change, so it was left as it is.")


def _rest(data: bytes, name: str) -> list[bytes]:
    found = _headers(data, name)
    parts = [
        data[segment.start : segment.end if not _is(data, segment, APP2, MPF) else segment.body]
        for segment in found[:-1]
        if not _is(data, segment, APP1, XMP)
    ]
    return [*parts, data[found[-1].start :]]
