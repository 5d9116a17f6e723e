"""Shoot types: files that people read and write."""

from pathlib import Path

import pytest

from budget_makers import calibration, photo
from keepers.errors import NotFound, UserError
from keepers.pipeline import shoot_type
from keepers.pipeline.judge import judge
from keepers.pipeline.policy import Policy
from keepers.pipeline.shoot_type import GENERAL, named, packaged, parse
from keepers.types import FLAWS

PAGE = Path(__file__).parents[3] / "docs" / "triage.md"


@pytest.mark.parametrize("name", packaged())
def test_every_packaged_type_is_named_like_its_file_and_described(name: str) -> None:
    one = named(name)
    assert one.name == name and one.about and set(one.flaws) <= set(FLAWS)
    assert one.stored == name and shoot_type.stored(name) == one
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")


def test_the_usual_ones_are_there() -> None:
    assert set(packaged()) >= {"general", "portrait", "wedding", "sport", "landscape"}
    assert not set(named("general").flaws.values()) - {"usual"} and shoot_type.stored(None) == GENERAL


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "TOML"),
        ('about = "x"', "name"),
        ('name = "x"\nfaces = 1', "faces"),
        ('name = "x"\nflaws = "all"', r"\[flaws\]"),
        ('name = "x"\n[flaws]\ncrooked = "less"', "crooked"),
        ('name = "x"\n[flaws]\nnoisy = "lots"', "ignore, less, usual, more"),
        ('name = "x"\n[flaws]\nnoisy = 2', "ignore, less, usual, more"),
        ('name = "x"\n[flaws]\nnoisy = ["less"]', "ignore, less, usual, more"),
    ],
)
def test_what_is_not_understood_names_the_file_and_the_remedy(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=told) as caught:
        named(str(file))
    assert "mine.toml" in str(caught.value)


def test_a_type_of_ones_own_is_stored_whole(tmp_path: Path) -> None:
    file = tmp_path / "concert.toml"
    file.write_text('name = "concert"\n[flaws]\nnoisy = "ignore"\n', encoding="utf-8")
    own = named(str(file))
    file.unlink()
    assert shoot_type.stored(own.stored) == own and own.ignores("noisy")
    with pytest.raises(NotFound, match=r"concert\.toml"):
        named(str(file))
    with pytest.raises(UserError, match="sport"):
        named("concert")


def test_one_that_only_takes_a_packaged_name_is_still_its_own() -> None:
    own = parse('name = "sport"\n[flaws]\nnoisy = "more"\n', "mine.toml")
    assert shoot_type.stored(own.stored) == own != named("sport")


def test_words_move_verdicts_as_they_say() -> None:
    def verdict(word: str, odds: float) -> str:
        kind = parse(f'name = "x"\n[flaws]\nblurred = "{word}"\n', "x.toml")
        facts = {"network_blurred": odds / 2, "tile_sharpness": odds / 2}
        return judge(photo("a.jpg", facts), calibration(), Policy(shoot_type=kind)).verdict

    assert [verdict(word, 0.6) for word in ("ignore", "less", "usual", "more")] == ["keep", "keep", "maybe", "maybe"]
    assert [verdict(word, -0.6) for word in ("ignore", "less", "usual", "more")] == ["keep", "keep", "keep", "maybe"]
    assert [verdict(word, 3.6) for word in ("ignore", "less", "usual", "more")] == ["keep", "maybe", "delete", "delete"]


def test_what_is_tolerated_costs_less_score() -> None:
    facts = {"network_blurred": 1.0, "tile_sharpness": 1.0}
    kinds = [parse(f'name = "x"\n[flaws]\nblurred = "{word}"\n', "x") for word in ("usual", "less", "ignore")]
    scores = [judge(photo("a.jpg", facts), calibration(), Policy(shoot_type=kind)).score for kind in kinds]
    assert scores[0] < scores[1] < scores[2]
