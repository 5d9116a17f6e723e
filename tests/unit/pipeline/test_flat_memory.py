"""Memory does not grow with the number of photos: a scorer hoards nothing (and the driver: test_executors.py)."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keepers.pipeline.score import Network, build_scorer
from keepers.types import PhotoFile, Source


def source(path: Path) -> Source:
    return Source(path, (PhotoFile(path, "image", 1, 1),))


@pytest.fixture
def photo(tmp_path: Path) -> Source:
    path = tmp_path / "a.jpg"
    rough = np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)
    Image.fromarray(rough).resize((320, 240)).save(path)
    return source(path)


def test_a_scorer_keeps_nothing_of_photos_but_the_last(photo: Source) -> None:
    scorer = build_scorer(Network("none"))

    def kept(times: int) -> int:
        for _ in range(times):
            assert scorer(photo).error is None
        return tracemalloc.get_traced_memory()[0]

    kept(5)
    tracemalloc.start()
    few, many = kept(5), kept(20)
    tracemalloc.stop()
    assert many - few < 100_000  # the frame alone has 230,400 bytes
