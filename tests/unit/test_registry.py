"""A registry refuses to forget and refuses to overwrite."""

import pytest

from keepers.registry import Registry


@pytest.fixture
def fruits() -> Registry[int]:
    registry: Registry[int] = Registry("fruit")
    registry.add("pear", 1)
    registry.add("apple", 2)
    return registry


def test_entries_stay_in_the_order_of_their_registration(fruits: Registry[int]) -> None:
    assert list(fruits) == ["pear", "apple"]
    assert dict(fruits) == {"pear": 1, "apple": 2}
    assert len(fruits) == 2


def test_a_second_entry_of_one_name_is_an_error(fruits: Registry[int]) -> None:
    with pytest.raises(ValueError, match="fruit 'pear' is registered already"):
        fruits.add("pear", 3)
    assert fruits["pear"] == 1


def test_an_unknown_name_lists_the_known_ones(fruits: Registry[int]) -> None:
    with pytest.raises(KeyError, match="no fruit 'plum'; known: pear, apple"):
        fruits["plum"]
    assert "plum" not in fruits
    assert fruits.get("plum") is None


def test_an_empty_registry_says_so() -> None:
    with pytest.raises(KeyError, match="known: none"):
        Registry("fruit")["plum"]


def test_the_decorator_returns_what_it_registers() -> None:
    registry: Registry[object] = Registry("thing")

    @registry.register("made")
    def thing() -> None:
        """Do nothing."""

    assert registry["made"] is thing
