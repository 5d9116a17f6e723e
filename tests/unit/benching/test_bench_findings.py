"""What follows from what was measured: arithmetic, and tables that say the same."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from keepers.app.benching import tables
from keepers.app.benching.drawing import figure, png
from keepers.app.benching.findings import Bench, Floor, Lot, Pass, Stage, best, stages

MS = st.floats(0.001, 1e4)


def a_pass(workers: int = 2, seconds: float = 2.0, cpu_ms: float = 150.0) -> Pass:
    return Pass(workers, 20, seconds, 1.0, cpu_ms, 4.0, 2.0, 0.1, 700_000_000)


def a_lot(name: str = "24 MP JPEG", *passes: Pass, floors: tuple[Floor, ...] = ()) -> Lot:
    found = {"checks": Stage(9, 12, 10), "decode": Stage(70, 90, 75), "read": Stage(3, 4, 3)}
    return Lot(name, 20, 0, 24.0, 8.4, 1.0, passes or (a_pass(), a_pass(1, 4.0)), found, floors)


FLOORS = (Floor("decode", "libjpeg-turbo", 80.0, 70.0), Floor("networks", "the networks", 40.0, 20.0))
BENCH = Bench("PC", "1.0", 2, "net", (a_lot(floors=FLOORS), a_lot("24 MP RAW", a_pass(seconds=1.0))), 400.0, 100.0)


@given(st.lists(st.dictionaries(st.sampled_from(["decode", "read", "tiles", "new"]), MS), min_size=1, max_size=30))
def test_stages_hold_all_that_photos_spent(timings: list[dict[str, float]]) -> None:
    found = stages(timings)
    total = sum(sum(one.values()) for one in timings)
    assert sum(stage.mean_ms for stage in found.values()) * len(timings) == pytest.approx(total)
    assert all(stage.median_ms <= stage.p95_ms or len(timings) < 20 for stage in found.values())


def test_stages_come_in_the_order_of_the_tables_and_unknown_ones_last() -> None:
    assert list(stages([{"surprise": 1.0, "checks": 1.0, "decode": 1.0, "read": 1.0}])) == [
        "read", "decode", "checks", "surprise",
    ]  # fmt: skip


@given(MS, MS, MS)
def test_costs_add_up_to_the_whole(cpu: float, driver: float, pictures: float) -> None:
    one = Pass(2, 20, 2.0, 1.0, cpu, driver, pictures, 0.1, None)
    lot = a_lot("x", one)
    seen = driver + pictures + sum(stage.mean_ms for stage in lot.stages.values())
    assert sum(lot.costs.values()) == pytest.approx(max(cpu, seen))
    assert all(value >= 0 for value in lot.costs.values())


def test_ratios_compare_with_what_was_measured() -> None:
    lot = a_lot(floors=FLOORS)
    assert lot.over_bare == pytest.approx(150 / 120) and lot.over_limit == pytest.approx(150 / 90)
    assert lot.scaling == pytest.approx(2.0)
    assert a_lot("x", a_pass(1)).scaling is None and a_lot().over_bare is None
    assert tables.over_jpeg(BENCH.lots[1], BENCH.lots) == pytest.approx(2.0)
    assert tables.over_jpeg(BENCH.lots[0], BENCH.lots) is None


def test_all_three_tables_hold_the_same_figures() -> None:
    page = tables.markdown(BENCH)
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(BENCH))))
    data = json.loads(tables.to_json(BENCH))
    lot = BENCH.lots[0]
    (rate,) = [float(row["value"]) for row in rows if row["figure"] == "rate" and row["threads"] == "1"]
    assert rate == pytest.approx(lot.passes[1].rate) == data["lots"][0]["passes"][1]["rate"]
    spent = {row["figure"][6:]: float(row["value"]) for row in rows if row["figure"].startswith("stage ")
             and row["photos"] == lot.name}  # fmt: skip
    assert spent == pytest.approx(lot.costs) and data["lots"][0]["costs_ms"] == pytest.approx(lot.costs)
    assert f"{lot.over_limit:.2f}" in page and "80.0 / 70.0" in page and all(one.name in page for one in BENCH.lots)


def test_every_line_of_a_table_has_as_many_cells_as_its_heading() -> None:
    for block in tables.markdown(BENCH).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_the_figure_is_wider_where_more_was_spent() -> None:
    colour = np.array((0, 114, 178))

    def widest(decode_ms: float) -> int:
        lot = Lot("x", 20, 0, 24, 8, 1, (a_pass(cpu_ms=400),), {"decode": Stage(decode_ms, decode_ms, decode_ms)})
        rgb = figure(Bench("PC", "1.0", 2, None, (lot,)))
        return int((np.abs(rgb.astype(int) - colour).max(axis=2) < 20)[90:].sum(axis=1).max())

    assert widest(300) > 2 * widest(100) > 100
    with Image.open(io.BytesIO(png(figure(BENCH)))) as image:
        assert image.format == "PNG" and image.width == 900


@given(st.lists(st.builds(a_pass, st.just(2), MS, MS), min_size=1, max_size=5))
def test_the_best_of_several_passes_is_none_that_was_not_there(repeats: list[Pass]) -> None:
    found = best(repeats)
    assert found.cpu_ms == min(one.cpu_ms for one in repeats) and found.rate == max(one.rate for one in repeats)
    assert best([found, *repeats]) == found
