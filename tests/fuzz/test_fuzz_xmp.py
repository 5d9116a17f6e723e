"""The fuzz target runs, briefly and without atheris; `make fuzz` is the long run."""

import pytest
from fuzz_xmp import SEEDS, mutations, one_input


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_or_read_but_nothing_else(seed: int) -> None:
    for data in mutations(seed, 120):
        one_input(data)


def test_the_seeds_are_understood() -> None:
    for data in SEEDS:
        one_input(data)
