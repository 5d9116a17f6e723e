"""Every check gives one row; its version says what it depends on."""

import math

import pytest

import scenes
from keepers.checks import CHECKS
from keepers.checks.base import Check
from keepers.pipeline.measure import SMALLEST, measure, versions
from keepers.types import Evidence, Reading

SEEN = scenes.look(scenes.leaves(0), {"blurred": 1.25})


def test_one_row_for_every_check_in_their_order() -> None:
    rows = measure(SEEN, "net 12345678")
    assert [row.check for row in rows] == list(CHECKS)
    assert {row.check: row.version for row in rows} == versions("net 12345678")


def test_network_checks_carry_the_network_in_their_version() -> None:
    assert versions("net 12345678")["network_blurred"] == "1+net 12345678"
    assert versions(None)["network_blurred"] == "1+none"
    assert versions("a")["noise"] == versions("b")["noise"]


def test_what_does_not_apply_is_none() -> None:
    rows = {row.check: row.raw for row in measure(SEEN, "net")}
    assert rows["network_blurred"] == 1.25
    assert rows["network_distorted"] is None


@pytest.mark.parametrize("raw", [math.nan, math.inf])
def test_what_is_no_number_is_none(raw) -> None:
    def odd(evidence: Evidence) -> Reading:
        return Reading(raw, "somewhere")

    (row,) = measure(SEEN, None, {"odd": Check("odd", ("noisy",), "worse", "1", "Odd", odd, "Odd.")})
    assert row.raw is None and row.note == ""


def test_nothing_is_claimed_of_an_icon() -> None:
    icon = scenes.look(scenes.leaves(0)[: SMALLEST - 1], {"blurred": 9.0})
    assert {row.raw for row in measure(icon, "net")} == {None}
    assert [row.version for row in measure(icon, "net")] == list(versions("net").values())
