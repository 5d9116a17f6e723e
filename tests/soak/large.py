"""A folder of 100,000 photos: how long a second cull and a dry export take, and how much memory.

    python tests/soak/large.py                  100,000 photos
    python tests/soak/large.py --photos 10000

The photos are empty names with facts that were made up, so that only keepers' own work is measured and no decoding:
scanning, finding what is new, reading ratings, judging and planning. Every tenth photo has a sidecar.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from keepers import app
from keepers.app.measuring import Run
from keepers.catalog.db import Catalog
from keepers.io.scan import scan
from keepers.settings import settings
from keepers.types import Measurement, Photo, Report, Signature, Source

SIDECAR = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
)


def make(folder: Path, count: int) -> None:
    """Photos of a few bytes, all in one folder."""
    folder.mkdir()
    for number in range(count):
        (folder / f"IMG_{number:06}.jpg").write_bytes(b"%d" % number)
        if number % 10 == 0:
            (folder / f"IMG_{number:06}.xmp").write_bytes(SIDECAR)


def invent(folder: Path, catalog: Path) -> None:
    """Facts for every photo, as if they had been measured."""
    versions = Run(settings(model="none")).versions()
    facts = tuple(Measurement(name, version, 0.5) for name, version in versions.items() if name != "signature")
    look = Signature(versions["signature"], b"", 0, bytes(256), bytes(64), -2.0)

    def report(number: int, source: Source) -> Report:
        own = replace(look, pixels=number.to_bytes(16, "big"), phash=number)
        return Report(source, Photo(f"{number:032x}", source, 48, 32), facts, signature=own)

    with Catalog(catalog) as store:
        store.save(report(number, source) for number, source in enumerate(scan([folder])))


def timed(what: str, work: Callable[[], object]) -> None:
    """Do it, and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:32} {wall:7.1f} s, {cpu:6.1f} s of CPU, {_memory():6.0f} MB at most so far", flush=True)


def _memory() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=100_000)
    count = parser.parse_args().photos
    place = Path(tempfile.mkdtemp(prefix="keepers-large-"))
    shoot, catalog = place / "shoot", place / "data" / "catalog.db"
    os.environ["KEEPERS_MODEL"] = "none"
    try:
        timed("making the photos", lambda: make(shoot, count))
        timed("inventing facts", lambda: invent(shoot, catalog))
        timed("scan", lambda: scan([shoot]))
        timed("cull, ratings read for once", lambda: app.cull(shoot, catalog=catalog))
        timed("cull again", lambda: app.cull(shoot, catalog=catalog))
        timed("list", lambda: app.list_photos(shoot, catalog=catalog))
        for to in ("xmp", "csv", "files"):
            options = {"out": place / "out"} if to == "files" else {}
            timed(
                f"export --to {to} --dry-run",
                lambda to=to, options=options: app.export(shoot, to, options=options, dry_run=True, catalog=catalog),
            )
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
