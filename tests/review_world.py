"""A shoot of real small JPEG files under a judge that goes by their names, with a desk on it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from app_world import World, build_world
from keepers.app import measuring
from keepers.app.review import Desk, ReviewedShoot
from keepers.errors import PhotoError
from keepers.io import decode
from keepers.types import Measurement, Report, Source
from scenes import leaves

NAMES = ("a.jpg", "b.jpg", "soft1.jpg", "soft2.jpg", "bad.jpg")


class PictureWorld(World):
    """`soft` photos are To be Deleted, `bad` ones cannot be read, others are Must Haves."""

    def __init__(self, root: Path, folder: str = "shoot") -> None:
        super().__init__(root)
        self.cache = root / "cache"

    def take(self, *names: str, size: tuple[int, int] = (96, 64)) -> None:
        """Write photos that all differ."""
        for name in names:
            path = self.shoot / name
            if name.startswith("bad"):
                path.write_bytes(b"\xff\xd8\xff no photo")
                continue
            seed = int.from_bytes(name.encode()[:4], "big") + len(name) + sum(name.encode())
            Image.fromarray(leaves(seed, size[1], size[0])).save(path, quality=90)

    def report(self, source: Source) -> Report:
        name = source.path.name
        try:
            photo, _ = decode.read(source)
        except PhotoError as error:
            return Report(source, error=str(error))
        fact = Measurement("tile_sharpness", self.version, 0.1 if name.startswith("soft") else 0.9)
        return Report(source, photo, (fact,), model="net")

    def desk(self) -> Desk:
        return Desk(catalog=self.catalog, workers=1, cache=self.cache)


@contextmanager
def picture_world(root: Path) -> Iterator[PictureWorld]:
    """As long as it lasts, the verbs live in it."""
    with pytest.MonkeyPatch.context() as patches:
        build_world(root, patches)
        (root / "shoot").rmdir()
        here = PictureWorld(root)
        patches.setattr(measuring.executors, "score", here.score)
        patches.setenv("KEEPERS_CACHE", str(here.cache))
        yield here


def opened(desk: Desk, folder: Path) -> ReviewedShoot:
    """The shoot, once it is ready."""
    shoot = desk.open(folder)
    wait(shoot)
    assert shoot.state == "ready", shoot.error
    return shoot


def wait(shoot: ReviewedShoot) -> None:
    """Until it is culled, or cannot be."""
    deadline = time.monotonic() + 20
    while shoot.state == "culling" and time.monotonic() < deadline:
        time.sleep(0.005)


def ids(shoot: ReviewedShoot) -> dict[str, str]:
    """File name -> id."""
    return {row["name"]: row["id"] for row in shoot.rows()}
