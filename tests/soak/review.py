"""The review page with many photos: what it costs the server to open a shoot, to list shoots, and to take a choice.

    python tests/soak/review.py                              10,000 photos like those of the sample shoot
    python tests/soak/review.py --like FOLDER --photos 100000
    python tests/soak/review.py --keep 20% --taste --profile
    python tests/soak/review.py --catalog 100000             what the page asks a catalog of so many photos
    python tests/soak/review.py --loupe 1000 --like FOLDER   the memory of the server while one goes through so many

The photos are files of a few bytes with facts of real ones dealt out at random, in bursts and scenes: nothing is
decoded.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keepers import sample
from keepers.app.measuring import Run, photos_in
from keepers.app.review import Desk, ReviewedShoot
from keepers.catalog.db import Catalog
from keepers.io.scan import scan
from keepers.pipeline.policy import Wishes
from keepers.pipeline.taste import Gate, Scale, Taste
from keepers.pipeline.taste_facts import QUALITY
from keepers.settings import settings
from keepers.types import Measurement, Photo, PhotoFile, Report, Source

BURST, SCENE = 4, 40
"""Frames of a burst, and photos of a scene, on average."""


def make(folder: Path, count: int) -> None:
    """Files of a few bytes, a thousand in each folder."""
    for number in range(count):
        place = folder / f"{number // 1000:03}"
        if number % 1000 == 0:
            place.mkdir(parents=True)
        (place / f"IMG_{number:06}.jpg").write_bytes(b"%d" % number)


def invented(like: list[Report], sources: list[Source], seed: int = 1) -> Iterator[Report]:
    """Facts for every file: those of a real photo, with a time and a look that make bursts and scenes."""
    rng = np.random.default_rng(seed)
    now, look = datetime(2026, 6, 1, 9), rng.normal(size=256)
    for number, source in enumerate(sources):
        chance = rng.random()
        now += timedelta(seconds=0.3 if chance > 1 / BURST else 90 if chance < 1 / SCENE else 12)
        if chance <= 1 / BURST:
            look = rng.normal(size=256)
        told = like[int(rng.integers(len(like)))]
        assert told.photo is not None and told.signature is not None
        camera = replace(told.photo.camera, captured_at=now, burst=None, drive=None, serial="1", make="M", model="X")
        structure = np.clip((look + rng.normal(0, 0.05, 256)) * 40, -127, 127).astype(np.int8).tobytes()
        sign = replace(told.signature, pixels=number.to_bytes(16, "big"), phash=number, structure=structure)
        photo = Photo(f"{number:032x}", source, told.photo.width, told.photo.height, camera)
        yield replace(told, source=source, photo=photo, signature=sign)


def build(place: Path, like: Path | None, count: int, wishes: Wishes) -> tuple[Path, Path]:
    """The folder and the catalog, made where they are not there yet."""
    shoot, catalog = place / "shoot", place / "catalog.db"
    if catalog.is_file():
        with Catalog(catalog) as store:
            store.note_shoot(shoot, wishes)
        return shoot, catalog
    real = like or place / "sample"
    if like is None:
        sample.make(real)
    found, _ = photos_in(real)
    templates = [one for one in Run(settings(workers=2)).score(found) if one.photo is not None]
    make(shoot, count)
    sources = scan([shoot])
    with Catalog(catalog) as store:
        store.save(invented(templates, sources))
        store.note_shoot(shoot, wishes)
    return shoot, catalog


class Clock:
    """Says how long it has been running."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def say(self, what: str) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        print(f"{what:40} {wall:8.3f} s, {cpu:8.3f} s of CPU", flush=True)


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do it, and print what it took."""
    clock = Clock()
    answer = work()
    clock.say(what)
    return answer


def opening(desk: Desk, folder: Path) -> Any:
    """Open it, and say when what is known."""
    clock = Clock()
    shoot = desk.open(folder)
    listed = shoot.listed
    shoot.listed = lambda *known: (listed(*known), clock.say("  rows without verdicts are there after"))  # type: ignore
    while shoot.state == "culling":
        time.sleep(0.05)
    assert shoot.state == "ready", shoot.error
    return shoot


def choosing(shoot: Any, times: int) -> None:
    """The times that single choices take."""
    ids = [row["id"] for row in shoot.rows()]
    rng, walls, cpus = random.Random(), [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        shoot.choose([rng.choice(ids)], rng.choice(["keep", "maybe", "delete"]))
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    for name, some in (("wall", walls), ("CPU", cpus)):
        print(f"a choice, {name}: median {statistics.median(some):.2f} ms, most {max(some):.2f} ms of {times}")


def measure(desk: Desk, folder: Path) -> None:
    """All of it."""
    timed("list the shoots, none open", desk.shoots)
    shoot = timed("open", lambda: opening(desk, folder))
    answer = timed("its JSON", lambda: json.dumps(shoot.to_json()))
    print(f"{len(answer) / 1e6:.1f} MB, {len(shoot.to_json()['groups'])} groups, {shoot.to_json()['counts']}")
    timed("list the shoots, one open", desk.shoots)
    choosing(shoot, 30)


def catalog_of(place: Path, count: int) -> None:
    """Photos with one fact each, in ten shoots, all decided; what a key and the list of shoots cost then."""
    with Catalog(place / "c.db") as store:
        for shoot in range(10):
            files = [place / f"{shoot}" / f"{n:06}.jpg" for n in range(count // 10)]
            sources = [Source(path, (PhotoFile(path, "image", 1, 1),)) for path in files]
            ids = [f"{shoot:02}{n:030x}" for n in range(count // 10)]
            fact = (Measurement("noise", "1", 0.5),)
            photos = zip(sources, ids, strict=True)
            store.save(Report(source, Photo(photo, source, 3, 2), fact) for source, photo in photos)
            store.note_shoot(place / f"{shoot}", Wishes())
            store.choose(ids, "keep")
    with Catalog(place / "c.db") as store:
        for _ in range(2):
            timed("the list of shoots", store.shoots)
        read = store.last()
        timed("record a choice", lambda: store.decide([(ids[0], "maybe")]))
        timed("hear what others recorded", lambda: store.since(read))
        timed("all choices", store.choices)


def loupe(place: Path, like: Path, count: int) -> None:
    """Look at `count` photos of two megapixels, each whole, at 1:1 and with all that is known; memory meanwhile."""
    originals = [Image.open(path).convert("RGB").resize((1728, 1152)) for path in sorted(like.glob("*.[jJ]*"))]
    folder = place / "loupe"
    folder.mkdir()
    for number in range(count):
        picture = originals[number % len(originals)]
        picture.putpixel((number % 1728, number // 1728), (number % 256, 0, 0))
        picture.save(folder / f"{number:05}.jpg", quality=88)
    desk = Desk(catalog=place / "loupe.db", model="none", workers=2)
    shoot = opening(desk, folder)
    for number, row in enumerate(shoot.rows()):
        if number % 100 == 0:
            print(f"{number:6} photos: {_resident(os.getpid()):7.1f} MB, makers of pictures: {_children()}", flush=True)
        for what in ("thumb", "fit", "full"):
            desk.picture(row["id"], what).read_bytes()
        desk.details(row["id"])
    print(f"{count:6} photos: {_resident(os.getpid()):7.1f} MB, makers of pictures: {_children()}")
    desk.close()


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _children() -> str:
    pids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return ", ".join(f"{_resident(int(pid)):.1f} MB" for pid in pids)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--like", type=Path)
    parser.add_argument("--at", type=Path, help="keep what is made here, and use it again")
    parser.add_argument("--keep")
    parser.add_argument("--taste", action="store_true", help="judge by a taste for light and smiles")
    parser.add_argument("--profile", action="store_true", help="say where the time of opening goes")
    parser.add_argument("--catalog", type=int, default=0, metavar="N")
    parser.add_argument("--loupe", type=int, default=0, metavar="N")
    asked = parser.parse_args()
    place = asked.at or Path(tempfile.mkdtemp(prefix="keepers-review-"))
    os.environ["KEEPERS_CACHE"] = str(place / "cache")
    if asked.catalog:
        return catalog_of(place, asked.catalog)
    if asked.loupe:
        return loupe(place, asked.like, asked.loupe)
    folder, catalog = build(place, asked.like, asked.photos, Wishes(asked.keep))
    desk = Desk(catalog=catalog)
    if asked.taste:
        scale = Scale((QUALITY, "light", "smile"), (0.0, -3.0, 0.3), (1.0, 1.0, 0.3))
        vars(desk._run)["taste"] = Taste(scale, (1.0, 0.5, 0.5), -1.0, Gate(), 1.0)
    try:
        if asked.profile:
            shoot, profiler = ReviewedShoot(folder, desk._store, lambda *_: None), cProfile.Profile()
            profiler.runcall(desk._table, shoot)
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)
        else:
            measure(desk, folder)
    finally:
        desk.close()
        if asked.at is None:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
