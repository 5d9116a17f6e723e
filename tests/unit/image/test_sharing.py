"""What is derived from a frame is derived once, and is what it would be if it were derived anew."""

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.image import resize
from keepers.image.resize import fit, halved, shrink


def frame(height: int = 301, width: int = 403, seed: int = 1) -> np.ndarray:
    made = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    made.setflags(write=False)
    return made


@pytest.fixture
def count(monkeypatch) -> list[int]:
    """The pixels of every picture that is really halved; nothing is kept yet, whatever ran in this thread before."""
    seen: list[int] = []
    monkeypatch.setattr(resize, "_last", resize._Last())
    plain = resize._halve

    def counted(picture):
        seen.append(picture.shape[0] * picture.shape[1])
        return plain(picture)

    monkeypatch.setattr(resize, "_halve", counted)
    return seen


def test_all_who_begin_with_halvings_share_them(count: list[int]) -> None:
    one = frame()
    for size in (150, 96, 100, 37):
        shrink(one, size)
        fit(one, size, cv2.INTER_LINEAR)
    assert len(count) == len(set(count)) == 3  # 301 -> 150 -> 75 -> 37


def test_what_may_still_be_written_into_is_never_kept(count: list[int]) -> None:
    one = frame().copy()
    before = halved(one)
    one[:] = 0
    assert halved(one).max() == 0 and before.max() > 0 and len(count) == 2


def test_the_next_photo_takes_the_place_of_the_last(count: list[int]) -> None:
    first, second = frame(seed=1), frame(seed=2)
    for one in (first, second, first):
        assert np.array_equal(halved(one), resize._halve(one))
    assert sum(len(levels) for levels in resize._last.levels.values()) <= 2
    assert len(count) == 6  # three here, three to compare with


@settings(max_examples=30, deadline=None)
@given(height=st.integers(2, 90), width=st.integers(2, 90), times=st.integers(1, 3), seed=st.integers(0, 9))
def test_kept_levels_equal_fresh_ones(height: int, width: int, times: int, seed: int) -> None:
    one = frame(height, width, seed)
    fresh = one.copy()
    kept = one
    for _ in range(times):
        if min(kept.shape[:2]) < 2:
            break
        kept, fresh = halved(kept), resize._halve(fresh)
    assert np.array_equal(kept, fresh)


def test_threads_do_not_see_each_others_pictures() -> None:
    frames = [frame(seed=seed) for seed in range(4)]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            if not np.array_equal(halved(frames[number]), resize._halve(frames[number])):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
