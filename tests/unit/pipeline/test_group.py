"""What belongs together, and what is protected."""

from pathlib import Path

import numpy as np
import pytest

from frame_makers import sets, shot
from keepers.pipeline.alike import clusters, near, resemblance, shift
from keepers.pipeline.frames import frames
from keepers.pipeline.group import group
from keepers.types import Report


def grouped(reports: list[Report]) -> dict[frozenset[str], str]:
    return sets(group(frames(reports)), reports)


def names(reports: list[Report]) -> frozenset[str]:
    return frozenset(report.source.path.name for report in reports)


def burst(prefix: str, start: float, count: int = 4, gap: float = 0.2, scene: int = 0, **more) -> list[Report]:
    return [shot(f"{prefix}{n}.jpg", start + n * gap, scene, x=0.01 * n, **more) for n in range(count)]


def test_no_photos_make_no_groups() -> None:
    nothing = group(frames([]))
    assert nothing.kinds == () and len(nothing.label) == len(nothing.scene) == 0
    one = group(frames([shot("a.jpg", 0)]))
    assert one.kinds == () and one.label.tolist() == [-1] and one.scene.tolist() == [0]


def test_bursts_are_told_from_each_other_and_from_single_frames() -> None:
    first, second = burst("a", 0), burst("b", 3, scene=1)
    lone = [shot("c.jpg", 30, 2), shot("d.jpg", 31, 3)]
    assert grouped([*first, *second, *lone]) == {names(first): "burst", names(second): "burst"}


def test_the_order_of_the_photos_does_not_matter() -> None:
    shoot = [*burst("a", 0), *burst("b", 3, scene=1), shot("c.jpg", 30, 2)]
    assert grouped(shoot) == grouped(shoot[::-1])


def test_slow_frames_of_one_view_are_near_duplicates_and_a_long_pause_ends_them() -> None:
    slow = [shot(f"a{n}.jpg", 20.0 * n) for n in range(3)]
    later = shot("b.jpg", 1000.0)
    assert grouped([*slow, later]) == {names(slow): "near_duplicates"}


def test_one_failed_frame_does_not_cut_a_burst() -> None:
    frames_ = burst("a", 0, 5)
    frames_[2] = shot("a2.jpg", 0.4, scene=9)
    assert grouped(frames_) == {names(frames_) - {"a2.jpg"}: "burst"}


def test_two_cameras_do_not_share_a_burst() -> None:
    one, other = burst("a", 0), burst("b", 0.1, camera="B")
    assert grouped([*one, *other]) == {names(one): "burst", names(other): "burst"}
    twins = burst("c", 0, serial="1"), burst("d", 0.05, serial="2")
    assert set(grouped([*twins[0], *twins[1]])) == {names(twins[0]), names(twins[1])}


def test_what_the_camera_calls_one_burst_is_one() -> None:
    pan = [shot(f"a{n}.jpg", 0.1 * n, scene=n, burst="6E0A") for n in range(3)]
    assert grouped(pan) == {names(pan): "burst"}


def test_copies_are_found_whatever_their_names_and_places() -> None:
    original = shot("a.jpg", 0, pixels="same")
    copy = shot("b.jpg", 0, pixels="same", folder=Path("/elsewhere"))
    stripped = shot("c.jpg", None, pixels="same")
    result = group(frames([original, copy, stripped, shot("d.jpg", 100, 1)]))
    assert result.kinds == ("duplicates",)
    assert result.label.tolist() == [0, 0, 0, -1] and result.copy_of.tolist() == [-1, 0, 0, -1]


def test_a_copy_of_a_burst_frame_joins_the_burst() -> None:
    shoot = burst("a", 0)
    copy = shot("z.jpg", None, pixels="/shoot/a1.jpg")
    assert grouped([*shoot, copy]) == {names([*shoot, copy]): "burst"}


def test_photos_without_time_are_grouped_by_look() -> None:
    alike = [shot(f"a{n}.jpg", None, 0) for n in range(2)]
    other = [shot(f"b{n}.jpg", None, 1) for n in range(2)]
    far = shot("edited.jpg", None, 0, folder=Path("/exports"))
    assert grouped([*alike, *other, far]) == {names([*alike, far]): "near_duplicates", names(other): "near_duplicates"}


def test_an_edit_that_lost_its_time_joins_its_original() -> None:
    original = shot("a.jpg", 500, 0)
    edit = shot("edit.jpg", None, 0, folder=Path("/exports"))
    assert grouped([original, shot("b.jpg", 510, 1), edit]) == {names([original, edit]): "near_duplicates"}


def test_without_signatures_only_time_speaks() -> None:
    shoot = [shot(f"a{n}.jpg", 0.3 * n, signed=False) for n in range(3)]
    later = shot("b.jpg", 30, signed=False)
    assert grouped([*shoot, later]) == {names(shoot): "burst"}


# Series that are protected


def bracket(prefix: str, start: float, steps: tuple[float, ...], **more) -> list[Report]:
    return [
        shot(f"{prefix}{n}.jpg", start + 0.3 * n, bias_ev=ev, exposure_s=0.01 * 2**ev, light=-3 + 0.8 * ev, **more)
        for n, ev in enumerate(steps)
    ]


@pytest.mark.parametrize(
    "steps", [(0, -2, 2), (-1, 0, 1), (0, -0.67, 0.67), (-2, -1, 0, 1, 2), (0, 1, -1, 2, -2, 3, -3)]
)
def test_brackets(steps: tuple[float, ...]) -> None:
    shoot = bracket("a", 0, steps)
    assert grouped([*shoot, shot("z.jpg", 60, 5)]) == {names(shoot): "bracket"}


def test_alternating_brackets_are_one_each_and_a_frame_before_them_is_none_of_them() -> None:
    first, second, third = (bracket(p, t, (0, -2, 2)) for p, t in (("a", 1), ("b", 1.9), ("c", 2.8)))
    before = shot("0.jpg", 0.5, 4)
    found = grouped([before, *first, *second, *third])
    assert found == {names(first): "bracket", names(second): "bracket", names(third): "bracket"}


def test_a_bracket_set_by_hand_shows_in_the_pictures() -> None:
    by_hand = [
        shot(f"a{n}.jpg", 1.5 * n, exposure_s=0.01 * 4.0**n, light=-5 + 1.7 * n) for n in range(3)
    ]
    assert grouped(by_hand) == {names(by_hand): "bracket"}
    # Automatic exposure, from the dark into the bright, keeps the pictures as bright as they were.
    drift = [shot(f"a{n}.jpg", 1.5 * n, exposure_s=0.01 * 4.0**n, light=-2.5) for n in range(3)]
    assert grouped(drift) == {names(drift): "burst"}


def test_two_frames_are_a_bracket_where_the_camera_says_so() -> None:
    pair = bracket("a", 0, (0, 1))
    assert grouped(pair) == {names(pair): "burst"}
    said = bracket("a", 0, (0, 1), drive="bracket")
    assert grouped(said) == {names(said): "bracket"}


def test_exposures_without_any_metadata_are_a_bracket() -> None:
    shoot = [shot(f"a{n}.jpg", None, light=-6 + 1.5 * n) for n in range(4)]
    assert grouped(shoot) == {names(shoot): "bracket"}
    even = [shot(f"a{n}.jpg", None, light=-3 + 0.05 * n) for n in range(4)]
    assert grouped(even) == {names(even): "near_duplicates"}


def test_a_panorama_and_a_turn_back() -> None:
    pan = [shot(f"a{n}.jpg", 2.0 * n, x=0.6 * n) for n in range(5)]
    assert grouped(pan) == {names(pan): "panorama"}
    upwards = [shot(f"a{n}.jpg", 2.0 * n, y=-0.5 * n) for n in range(3)]
    assert grouped(upwards) == {names(upwards): "panorama"}
    there_and_back = [shot(f"a{n}.jpg", 2.0 * n, x=0.6 * (n % 2)) for n in range(5)]
    assert "panorama" not in grouped(there_and_back).values()


def test_a_time_lapse_is_regular_and_a_person_is_not() -> None:
    lapse = [shot(f"a{n:02}.jpg", 5.0 * n) for n in range(14)]
    assert grouped(lapse) == {names(lapse): "time_lapse"}
    jitter = np.cumsum(np.random.default_rng(1).uniform(3, 7, 14))
    person = [shot(f"a{n:02}.jpg", float(t)) for n, t in enumerate(jitter)]
    assert grouped(person) == {names(person): "near_duplicates"}


def test_a_focus_stack_wanders_and_a_burst_does_not() -> None:
    stack = [shot(f"a{n}.jpg", 0.5 * n, plane=float(n)) for n in range(8)]
    assert grouped(stack) == {names(stack): "focus_stack"}
    still = [shot(f"a{n}.jpg", 0.5 * n, plane=3.0) for n in range(8)]
    assert grouped(still) == {names(still): "burst"}


# Scenes and clocks


def test_pauses_make_scenes_and_groups_stay_whole() -> None:
    shoot = [shot(f"a{n:02}.jpg", 10.0 * n, scene=n) for n in range(12)]
    shoot += [shot(f"b{n:02}.jpg", 3000 + 10.0 * n, scene=50 + n) for n in range(12)]
    shoot += [shot("x.jpg", None, scene=99)]
    assert group(frames(shoot)).scene.tolist() == [0] * 12 + [1] * 12 + [2]


def test_clocks_are_put_right_by_frames_that_look_the_same() -> None:
    one = [shot(f"a{n}.jpg", 100.0 * n, scene=n) for n in range(8)]
    other = [shot(f"b{n}.jpg", 100.0 * n + 3600 * 5, scene=n, camera="B") for n in range(2, 7)]
    shoot = [*one, *other]
    result = group(frames(shoot))
    assert result.time[8:] == pytest.approx(result.time[2:7], abs=1)
    few = group(frames([*one, *other[:2]]))
    assert np.ptp(few.time[8:] - few.time[2:4]) < 1 and few.time[8] - few.time[2] == pytest.approx(3600 * 5)


def test_time_zones_are_put_right() -> None:
    here = [shot(f"a{n}.jpg", 100.0 * n, scene=n, utc_offset_min=120) for n in range(3)]
    there = [shot(f"b{n}.jpg", 100.0 * n - 7200, scene=9 + n, camera="B", utc_offset_min=0) for n in range(3)]
    result = group(frames([*here, *there]))
    assert result.time[:3] == pytest.approx(result.time[3:])


# The tools


def test_resemblance_and_shift() -> None:
    shoot = frames([shot("a.jpg"), shot("b.jpg", x=1 / 16), shot("c.jpg", x=0.5), shot("d.jpg", scene=1)])
    start = np.zeros(3, np.int64)
    like = resemblance(shoot.structure, start, np.array([1, 2, 3]))
    assert like[0] > 0.8 > 0.5 > like[1] and like[2] < 0.5
    score, rows, columns = shift(shoot.structure, np.array([0, 2]), np.array([2, 0]))
    assert score.min() > 0.8 and rows.tolist() == [0, 0] and columns.tolist() == [8, -8]


def test_near_finds_all_pairs_up_to_seven_bits() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 3000, dtype=np.uint64)
    for n in range(0, 3000, 3):
        for bit in rng.choice(64, int(rng.integers(0, 9)), replace=False):
            hashes[n + 1] = hashes[n] ^ np.uint64(1 << int(bit))
    hashes[5] = hashes[2]
    one, other = near(hashes, np.arange(len(hashes)))
    found = {frozenset(pair) for pair in zip(one.tolist(), other.tolist(), strict=True)}
    bits = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    true = {frozenset(p) for p in np.argwhere((bits <= 7) & ~np.eye(len(hashes), dtype=bool)).tolist()}
    assert found == true


def test_clusters_follow_chains() -> None:
    one, other = np.array([5, 4, 3, 8]), np.array([4, 3, 0, 9])
    assert clusters(10, one, other).tolist() == [0, 1, 2, 0, 0, 0, 6, 7, 8, 8]
    long = np.arange(5000)
    assert set(clusters(5001, long, long + 1)) == {0}
