"""`keepers engines`, and how the engine that was named gets to the networks."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import onnx_makers
from keepers import app, cli
from keepers.app.measuring import Run
from keepers.errors import UserError
from keepers.models import engines, memory, zoo
from keepers.models.engines import REFERENCE
from keepers.pipeline import score
from keepers.settings import settings


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network for whole photos that runs at once, and a cache of its own."""
    monkeypatch.setenv("KEEPERS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tiny.onnx"
    path.write_bytes(onnx_makers.network())
    return path


def test_every_network_is_tried_and_the_best_remembered(tiny: Path) -> None:
    found = app.measure_engines(model=tiny)
    assert found.networks[0].network == zoo.describe(tiny).name
    assert len(found.networks) == 3
    installed = [one.name for one in found.installed if one.version is not None]
    for network in found.networks:
        assert [trial.engine for trial in network.trials] == installed
        assert network.trials[0].engine == REFERENCE and (network.trials[0].ms or 0) > 0
        assert network.used in installed
    kept = json.loads(found.memory.read_text(encoding="utf-8"))
    assert sorted(kept.values()) == sorted(network.used for network in found.networks)
    assert found.memory.is_relative_to(tiny.parent / "cache")
    sha256 = zoo.describe(tiny).sha256
    assert memory.recall(found.memory, memory.key(sha256, engines.available())) == found.networks[0].used


def test_the_command_says_who_is_here_and_who_is_used(tiny: Path) -> None:
    done = CliRunner().invoke(cli.build(), ["engines", "--model", str(tiny)])
    assert done.exit_code == 0, done.output
    assert all(name in done.output for name in engines.ENGINES) and "used" in done.output
    done = CliRunner().invoke(cli.build(), ["engines", "--model", str(tiny), "--json"])
    told = json.loads(done.output)
    assert told["wished"] == "auto" and {one["name"] for one in told["installed"]} == set(engines.ENGINES)


def test_an_engine_that_does_not_exist_is_one_sentence(tiny: Path) -> None:
    done = CliRunner().invoke(cli.build(), ["engines", "--model", str(tiny), "--engine", "teapot"])
    assert done.exit_code == UserError.exit_code and "teapot" in done.output
    with pytest.raises(UserError, match="onnxruntime"):
        _ = Run(settings(engine="teapot")).network


@pytest.mark.parametrize("model", [None, "none", "tiny"])
def test_the_wish_travels_to_the_process_that_scores(
    tiny: Path, model: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPERS_ENGINE", REFERENCE)
    network = Run(settings(model=tiny if model == "tiny" else model)).network
    assert network.kind == {None: "packaged", "none": "none", "tiny": "file"}[model]
    assert network.path == (tiny if model == "tiny" else None)
    wish = score._wish(network)
    assert (wish.engine, wish.memory) == (REFERENCE, tiny.parent / "cache" / memory.FILE)
