"""`import keepers`: the verbs, whatever else was imported before."""

import importlib
import subprocess
import sys

import pytest

import keepers


@pytest.mark.parametrize("verb", keepers._VERBS)
def test_a_verb_stays_a_function_beside_a_room_of_its_name(verb: str) -> None:
    room = f"import keepers.{verb}" if verb in ("evaluate", "export") else "import keepers.app"
    code = f"{room}; import keepers; assert callable(keepers.{verb}), keepers.{verb}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_rooms_can_still_be_imported() -> None:
    assert importlib.import_module("keepers.evaluate.statistics").auc
    assert importlib.import_module("keepers.export.journal").Done
