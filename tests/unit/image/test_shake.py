"""Direction and length of a smear against smears that we made."""

import numpy as np
import pytest

from keepers.image import shake
from keepers.image.colour import luma
from scenes import blurred, grainy, leaves, page, smeared


def apart(one: float, other: float) -> float:
    """The angle between two lines, 0..90."""
    return abs((one - other + 90) % 180 - 90)


@pytest.mark.parametrize("degrees", [0, 30, 75, 120, 160])
@pytest.mark.parametrize("pixels", [15, 35])
def test_direction_and_length_of_a_straight_smear(pixels: int, degrees: int) -> None:
    found = shake.smear(luma(smeared(leaves(3), pixels, degrees)))
    assert found is not None and found.length is not None
    assert apart(found.degrees, degrees) < 8
    assert found.length == pytest.approx(pixels, abs=2)


def test_noise_does_not_turn_a_long_smear() -> None:
    """A smear longer than the coarse scale leaves nothing but noise at the fine one."""
    found = shake.smear(luma(grainy(smeared(leaves(1), 35, 90), 0.02)))
    assert found is not None and apart(found.degrees, 90) < 10


def test_the_direction_turns_with_the_photo() -> None:
    photo = smeared(leaves(2), 21, 20)
    turned = np.ascontiguousarray(np.rot90(photo))
    one, other = (shake.direction(luma(rgb)) for rgb in (photo, turned))
    assert one is not None and other is not None and apart(other, one + 90) < 6


@pytest.mark.parametrize("rgb", [leaves(0), blurred(leaves(0), 3), np.full((200, 300, 3), 90, np.uint8)])
def test_no_direction_is_claimed_where_all_are_alike(rgb) -> None:
    assert shake.smear(luma(rgb)) is None


def test_a_crisp_page_has_no_smear_of_its_own_lines() -> None:
    found = shake.smear(luma(page(0)))
    assert found is None or found.length is None or found.length < 12
