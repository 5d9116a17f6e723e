import errno

import fake_scorers as fake
import pytest

from keepers.errors import PhotoTooLarge, UnreadablePhoto
from keepers.pipeline.score import Stopwatch, score_photo


def raising(error: Exception, cause: Exception | None = None):
    def read(lap):
        raise error from cause

    return read


@pytest.mark.parametrize(
    ("error", "cause", "passing"),
    [
        (UnreadablePhoto("a.jpg is damaged."), None, False),
        (PhotoTooLarge("a.jpg is too large."), None, False),
        (PhotoTooLarge("a.jpg does not fit into memory."), MemoryError(), True),
        (UnreadablePhoto("a.jpg is cut off."), OSError("image file is truncated"), False),
        (UnreadablePhoto("a.jpg may not be opened."), PermissionError(errno.EACCES, "no"), True),
    ],
)
def test_a_photo_error_is_the_report(error: Exception, cause: Exception | None, passing: bool) -> None:
    report = score_photo(fake.source("a.jpg"), raising(error, cause), None)
    assert (report.error, report.passing) == (str(error), passing)
    assert report.photo is None and report.measurements == ()


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError("division by zero"), KeyError()])
def test_any_other_error_is_a_sentence_that_names_the_file(error: Exception) -> None:
    report = score_photo(fake.source("a.jpg"), raising(error), None)
    assert report.passing and report.error is not None
    assert report.error.startswith("a.jpg ") and report.error.endswith(".")


def test_ctrl_c_is_no_error_of_the_photo() -> None:
    with pytest.raises(KeyboardInterrupt):
        score_photo(fake.source("a.jpg"), raising(KeyboardInterrupt()), None)  # type: ignore[arg-type]


def test_laps_of_one_stage_add_up() -> None:
    watch = Stopwatch()
    for stage in ("decode", "measure", "decode"):
        watch.lap(stage)
    assert list(watch.timings) == ["decode", "measure"]
    assert all(spent >= 0 for spent in watch.timings.values())
