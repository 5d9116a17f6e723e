"""Going through a thousand photos leaves the server and the processes that make pictures as large as they were."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from keepers.app.review import Desk, ReviewedShoot
from keepers.web import create_app
from keepers.web.security import Keys
from review_world import PictureWorld, opened, picture_world
from web_fakes import LIMIT, assess

PHOTOS, SETTLED = 1000, 300
"""Photos that are looked at, and after how many of them the memory counts."""
LEAST_KEPT = 30_000
"""Bytes of a picture at least: one that was kept of each photo would be seen."""
GROWTH = 12 << 20
PROC = Path("/proc/self/statm")

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="only Linux tells how much memory a process has")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PictureWorld]:
    with picture_world(tmp_path) as here:
        rng = np.random.default_rng(3)
        noise = rng.integers(0, 256, (200, 300, 3), np.uint8)
        for number in range(PHOTOS):
            noise[0, :4] = rng.integers(0, 256, (4, 3))
            Image.fromarray(noise).save(here.shoot / f"{number:04}.jpg", quality=85)
        here.cull()
        yield here


@pytest.fixture
def desk(world: PictureWorld) -> Iterator[Desk]:
    made = world.desk()
    yield made
    made.close()


@pytest.fixture
def shoot(desk: Desk, world: PictureWorld) -> ReviewedShoot:
    return opened(desk, world.shoot)


@pytest.fixture
def app(keys: Keys, desk: Desk, shoot: ReviewedShoot) -> Flask:
    return create_app(assess, keys=keys, body_limit=LIMIT, desk=desk)


def resident() -> dict[int, int]:
    """Bytes of memory of this process and of those that it started, by their numbers."""
    gc.collect()
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    found = {}
    for pid in (os.getpid(), *map(int, children.read_text().split())):
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
        found[pid] = int(pages) * os.sysconf("SC_PAGE_SIZE")
    return found


def test_looking_at_a_thousand_photos_takes_no_memory(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    photos = [row["id"] for row in shoot.rows()]
    assert len(photos) == PHOTOS
    early: dict[int, int] = {}
    for number, photo in enumerate(photos):
        if number == SETTLED:
            early = resident()
        size = "fit" if number % 2 else "full"
        picture = visitor.get(f"/api/photos/{photo}/image/{size}.jpg")
        assert picture.status_code == 200 and len(picture.data) > LEAST_KEPT
        assert visitor.get(f"/api/photos/{photo}").status_code == 200
        if number % 10 == 0:
            answer = visitor.post(f"/api/shoots/{shoot.id}/choices", json={"ids": [photo], "verdict": "keep"})
            assert answer.status_code == 200
    late = resident()
    grown = {pid: late[pid] - early[pid] for pid in early if pid in late}
    assert os.getpid() in grown
    assert max(grown.values()) < GROWTH, grown
