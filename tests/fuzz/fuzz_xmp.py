"""A fuzz target for what reads files of other programs: XMP in sidecars and photos, EXIF of RAW files.

`make fuzz` runs it for long with atheris (libFuzzer); `test_fuzz_xmp.py` runs it briefly with mutations of its own.
Anything but a `KeepersError` is a finding, and so is a merge that loses what others wrote.
"""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # where `item_makers` is, when this is run as a program

from item_makers import DARKTABLE, DIGIKAM, LIGHTROOM, jpeg
from keepers.errors import KeepersError
from keepers.export.jpeg_embed import embed
from keepers.export.xmp_merge import changes, foreign, merge
from keepers.io.exif import camera_facts, parse_cr3, parse_tiff
from keepers.io.quiet import no_warnings
from keepers.io.xmp import parse, read_rating
from keepers.io.xmp_embedded import embedded

TIFF = b"II*\0\x08\0\0\0\x02\0\x0f\x01\2\0\6\0\0\0\x26\0\0\0\x46\x47\3\0\1\0\0\0\4\0\0\0\0\0\0\0Maker\0"
CR3 = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + (len(TIFF) + 8).to_bytes(4, "big") + b"CMT1" + TIFF
CR3 += b"\0\0\0\x20uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + b"<a></a>\0"
HEIF = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x60meta\0\0\0\0\0\0\0\x2diinf\0\0\0\0\0\1"
HEIF += b"\0\0\0\x1finfe\2\0\0\0\0\1\0\0"
HEIF += b"mime\0application/rdf+xml\0\0\0\0\x1eiloc\1\0\0\0\x44\0\0\1\0\1\0\0\0\0\0\1\0\0\0\x10\0\0\0\x20"
SEEDS = (LIGHTROOM, DARKTABLE, DIGIKAM, jpeg(), jpeg(xmp=LIGHTROOM, comment=b"x"), TIFF, CR3, HEIF)
TOKENS = (b"<!--", b"-->", b"&#0;", b"&a;", b"<![CDATA[", b"]]>", b"<!DOCTYPE a>", b"\0", b"<a/>", b"xmlns=''")
WISHES = (changes("keep", "person"), changes("delete", "machine", "-1"))


def one_input(data: bytes) -> None:
    """Read `data` as everything that it might be."""
    for extension in (".jpg", ".nef"):
        embedded(io.BytesIO(data), extension)
    with no_warnings():
        camera_facts(parse_tiff(data))
        parse_cr3(data)
    for wanted in WISHES:
        try:
            before = parse(data, "x")
            read_rating(data)
            merged = parse(merge(data, wanted, "x"), "x")
        except KeepersError:
            pass
        else:
            assert foreign(merged) == foreign(before)
        with suppress(KeepersError):
            embed(data, wanted, "x")


def mutations(seed: int, count: int) -> Iterator[bytes]:
    """`count` damaged copies of the seeds; the same for the same `seed`."""
    rng = random.Random(seed)
    for _ in range(count):
        data = bytearray(rng.choice(SEEDS))
        for _ in range(rng.randint(1, 5)):
            at = rng.randrange(len(data))
            kind = rng.randrange(5)
            if kind == 0:
                data[at] = rng.choice((0, 1, 0x3C, 0x3E, 0x22, 0x26, 127, 255, rng.randrange(256)))
            elif kind == 1:
                del data[at : at + rng.randint(1, 40)]
            elif kind == 2:
                data[at:at] = data[at : at + rng.randint(1, 60)]
            elif kind == 3:
                data[at:at] = rng.choice(TOKENS)
            else:
                other = rng.choice(SEEDS)
                data[at : at + 30] = other[at % len(other) :][:30]
            if not data:
                data += b"<"
        yield bytes(data)


def main() -> None:
    """Run under libFuzzer; its options come from the command line."""
    import atheris

    folder = Path(sys.argv[-1])
    if folder.is_dir():
        for number, seed in enumerate(SEEDS):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
