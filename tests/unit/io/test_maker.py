"""Makers' notes, made by hand after their documentation."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.io.exif import facts_of
from keepers.io.maker import drive_of

NOTE = 0x927C


def folder(order: str, *entries: tuple[int, int, int, bytes]) -> bytes:
    """(tag, type, count, four bytes of value or offset) as a TIFF folder."""
    rows = b"".join(struct.pack(order + "HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return struct.pack(order + "H", len(entries)) + rows + b"\0\0\0\0"


def short(order: str, tag: int, value: int) -> tuple[int, int, int, bytes]:
    return tag, 3, 1, struct.pack(order + "HH", value, 0)


def nikon(mode: int) -> bytes:
    return b"Nikon\0\2\x10\0\0MM\0*\0\0\0\x08" + folder(">", short(">", 0x89, mode))


@pytest.mark.parametrize(
    ("note", "drive"),
    [
        (nikon(0), "single"),
        (nikon(1), "continuous"),
        (nikon(0x11), "bracket"),
        (nikon(0x40), "bracket"),
        (b"SONY DSC \0\0\0" + folder("<", short("<", 0xB049, 5)), "bracket"),
        (b"SONY DSC \0\0\0" + folder("<", short("<", 0xB049, 2)), "continuous"),
        (b"Panasonic\0\0\0" + folder("<", short("<", 0x2A, 1)), "continuous"),
        (b"Panasonic\0\0\0" + folder(">", short(">", 0x2A, 2)), "bracket"),
        (b"FUJIFILM\x0c\0\0\0" + folder("<", short("<", 0x1100, 1)), "bracket"),
        (b"FUJIFILM\x0c\0\0\0" + folder("<", short("<", 0x1100, 0)), "single"),
        (b"OLYMPUS\0" + folder("<", short("<", 0x1100, 0)), None),
    ],
)
def test_drive_modes(note: bytes, drive: str | None) -> None:
    assert drive_of({NOTE: note}) == (drive, None)


def test_apple_names_its_bursts() -> None:
    name = b"6E0A4B52-1F8F-4D6E-9C2E-0A4E1B3F7D11\0"
    head = b"Apple iOS\0\0\1MM"
    start = len(head) + len(folder(">", (0, 0, 0, b"0000")))
    note = head + folder(">", (0x0B, 2, len(name), struct.pack(">I", start))) + name
    assert drive_of({NOTE: note}) == ("continuous", name[:-1].decode())


def test_the_standard_tag_for_brackets_wins() -> None:
    assert drive_of({NOTE: nikon(1), 0xA402: 2}) == ("bracket", None)
    assert facts_of({}, {0xA402: 2}).drive == "bracket"


@given(st.sampled_from([b"Apple iOS\0\0\1MM", b"Nikon\0\2\x10\0\0MM\0*", b"SONY DSC \0\0\0", b"FUJIFILM"]), st.binary())
def test_damaged_notes_say_nothing_and_break_nothing(head: bytes, rest: bytes) -> None:
    for end in range(0, len(rest) + 1, max(1, len(rest) // 4)):
        drive_of({NOTE: head + rest[:end]})


@pytest.mark.parametrize(
    ("text", "minutes"), [("+02:00", 120), ("-03:30", -210), ("+0545", 345), ("   :  ", None), ("+99:00", None)]
)
def test_the_offset_to_utc(text: str, minutes: int | None) -> None:
    assert facts_of({}, {0x9011: text}).utc_offset_min == minutes


def test_the_body_has_a_number() -> None:
    assert facts_of({}, {0xA431: "0042\0"}).serial == "0042"
