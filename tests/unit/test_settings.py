from pathlib import Path

import pytest

from keepers import settings as module
from keepers.errors import UserError
from keepers.settings import settings


def test_defaults() -> None:
    chosen = settings(environment={})
    assert chosen.catalog.name == "catalog.db" and chosen.catalog.is_absolute()
    assert chosen.model is None and chosen.workers >= 1


def test_environment_then_arguments() -> None:
    environment = {"KEEPERS_CATALOG": "~/x.db", "KEEPERS_MODEL": "none", "KEEPERS_WORKERS": "3"}
    chosen = settings(environment=environment)
    assert chosen.catalog == Path("~/x.db").expanduser() and (chosen.model, chosen.workers) == ("none", 3)
    chosen = settings(catalog="y.db", model=Path("m.onnx"), workers=5, environment=environment)
    assert (chosen.catalog, chosen.model, chosen.workers) == (Path("y.db"), "m.onnx", 5)


def test_the_engine_is_chosen_by_measuring_unless_named() -> None:
    assert settings(environment={}).engine == "auto"
    assert settings(environment={"KEEPERS_ENGINE": "openvino"}).engine == "openvino"
    assert settings(engine="cuda", environment={"KEEPERS_ENGINE": "openvino"}).engine == "cuda"


@pytest.mark.parametrize("named", ["many", "-1", "0", "1.5"])
def test_workers_that_are_no_number_are_refused(named: str) -> None:
    with pytest.raises(UserError):
        settings(environment={"KEEPERS_WORKERS": named})


def test_every_variable_is_documented() -> None:
    source = Path(module.__file__).read_text(encoding="utf-8")
    for name in ("KEEPERS_CATALOG", "KEEPERS_MODEL", "KEEPERS_WORKERS", "KEEPERS_ENGINE"):
        assert source.count(name) >= 2 and name in (module.__doc__ or "")
