"""A check enters by its decorator, which refuses what could not be explained or stored."""

import pytest

import scenes
from keepers.checks import CHECKS, check, learned, technical
from keepers.types import FLAWS, LABELS, Reading


def test_every_flaw_has_a_check() -> None:
    assert {flaw for one in CHECKS.values() for flaw in one.flaws} == set(FLAWS)


def test_a_check_speaks_of_known_flaws_only() -> None:
    with pytest.raises(ValueError, match="dusty"):
        check("dust", flaws=("dusty",), higher="worse", sentence="Dust")


def test_a_check_has_a_docstring_and_a_name_of_its_own() -> None:
    with pytest.raises(ValueError, match="docstring"):
        check("dust", flaws=("noisy",), higher="worse", sentence="Dust")(lambda evidence: None)
    with pytest.raises(ValueError, match="registered already"):
        check("noise", flaws=("noisy",), higher="worse", sentence="Noise")(technical.noise)
    assert "dust" not in CHECKS


@pytest.mark.parametrize("label", LABELS[1:])
def test_network_checks_read_the_network(label) -> None:
    one = CHECKS[f"network_{label}"]
    assert one.network and learned is not None and (label in one.flaws or not one.flaws)
    picture = scenes.leaves(0)
    assert one(scenes.look(picture)) is None
    assert one(scenes.look(picture, {label: 2.5})) == Reading(2.5)
    assert one(scenes.look(picture, {label: float("nan")})) is None
