"""Whose stars and colours a sidecar has in the end: a person's before those of a verdict, and the latest word."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from item_makers import DARKTABLE, DIGIKAM, LIGHTROOM, items_in
from keepers.export import EXPORTERS, PROFILES, Options
from keepers.export.xmp_merge import STARS
from keepers.io import xmp
from keepers.types import VERDICTS, Author, VerdictName

verdicts = st.sampled_from(VERDICTS)
authors = st.sampled_from(("person", "machine"))
profiles = st.sampled_from(PROFILES)
stars = st.integers(0, 5)
colours = st.sampled_from(("", *xmp.COLOURS))
sidecars = st.sampled_from((None, LIGHTROOM, DARKTABLE, DIGIKAM.replace(b">3</dk:PickLabel>", b">0</dk:PickLabel>")))
few = settings(max_examples=60, deadline=None)


class Shoot:
    """One RAW with sidecars of both names, to which keepers and other programs write in turn."""

    def __init__(self, folder: str, start: bytes | None) -> None:
        self.folder = Path(folder)
        (self.folder / "IMG.CR3").write_bytes(b"raw")
        if start is not None:
            (self.folder / "IMG.xmp").write_bytes(start)

    def export(
        self, verdict: VerdictName, by: Author, given: int, colour: str, profile: str, **options: object
    ) -> dict[str, str]:
        """Do it, and what it said it would do, by name."""
        items = items_in(self.folder, verdict, by, given, colour)
        plan = EXPORTERS["xmp"].plan(items, Options(self.folder, profile=profile, names="both", **options))
        assert not plan.skipped
        for operation in plan.operations:
            operation.path.write_bytes(operation.data)
        again = EXPORTERS["xmp"].plan(items, Options(self.folder, profile=profile, names="both", **options))
        assert again.operations == ()
        return {operation.path.name: operation.what for operation in plan.operations}

    def found(self) -> dict[str, dict[str, str]]:
        return {path.name: xmp.properties(xmp.parse(path.read_bytes(), "x")) for path in self.folder.glob("*.xmp")}

    def rate_elsewhere(self, rating: int) -> None:
        for path in self.folder.glob("*.xmp"):
            packet = xmp.parse(path.read_bytes(), "x")
            for description in packet.descriptions():
                if xmp.RATING in description.attrib:
                    description.set(xmp.RATING, str(rating))
                for element in description.findall(xmp.RATING):
                    element.text = str(rating)
            path.write_bytes(packet.to_bytes())


def rejects(profile: str, name: str, verdict: str) -> bool:
    """Where the programs of a profile know no other rejection than a rating of -1."""
    return verdict == "delete" and (profile == "bridge" or (profile == "darktable" and name == "IMG.CR3.xmp"))


@few
@given(sidecars, verdicts, authors, stars, colours, profiles, st.booleans())
def test_a_persons_star_and_colour_come_first_and_a_reject_stays_one(
    start: bytes | None, verdict: VerdictName, by: Author, given: int, colour: str, profile: str, mapped: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shoot = Shoot(folder, start)
        before = {} if start is None else xmp.properties(xmp.parse(start, "x"))
        said = shoot.export(verdict, by, given, colour, profile, stars=mapped)
        for name, found in shoot.found().items():
            flags = {key: text for key, text in xmp.MARKS[verdict].items() if key not in (xmp.LABEL, xmp.COLOUR)}
            assert {key: found.get(key) for key in flags} == flags
            wanted = xmp.COLOURS[colour] if colour else xmp.MARKS[verdict]
            assert {found[xmp.LABEL], found[xmp.COLOUR]} == {wanted[xmp.LABEL], wanted[xmp.COLOUR]}
            if rejects(profile, name, verdict):
                assert found[xmp.RATING] == "-1" and said[name].endswith("rate as rejected")
            elif given or mapped:
                assert found[xmp.RATING] == (str(given) if given else STARS[verdict])
                assert said[name].endswith(f"rate {found[xmp.RATING]} of 5")
            else:
                assert found.get(xmp.RATING) == before.get(xmp.RATING)
                assert "rate" not in said[name]
            if xmp.OWN_RATING in found:
                told = xmp.rating_in(found)
                assert (told.verdict, told.by) == (verdict, by), "stars that keepers wrote are no verdict of a person"


@few
@given(sidecars, verdicts, stars, st.lists(st.tuples(verdicts, stars, colours, st.booleans()), max_size=3), profiles)
def test_stars_that_are_taken_away_bring_back_what_was_there(
    start: bytes | None,
    verdict: VerdictName,
    given: int,
    many: list[tuple[VerdictName, int, str, bool]],
    profile: str,
) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        shoot, alone = Shoot(folder, start), Shoot(other, start)
        for one, some, colour, mapped in many:
            shoot.export(one, "person", some, colour, profile, stars=mapped)
        shoot.export(verdict, "person", given, "", profile)
        alone.export(verdict, "person", given, "", profile)
        assert shoot.found() == alone.found()


@few
@given(sidecars, st.sampled_from(("keep", "maybe")), st.integers(1, 5), st.integers(0, 5), profiles)
def test_the_latest_word_counts_wherever_it_was_said(
    start: bytes | None, verdict: VerdictName, given: int, elsewhere: int, profile: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shoot = Shoot(folder, start)
        shoot.export(verdict, "person", given, "", profile)
        shoot.rate_elsewhere(elsewhere)
        shoot.export("maybe", "person", given, "", profile)
        assert {found[xmp.RATING] for found in shoot.found().values()} == {str(elsewhere)}, "keepers said nothing new"
        later = given % 5 + 1
        shoot.export("maybe", "person", later, "", profile)
        assert {found[xmp.RATING] for found in shoot.found().values()} == {str(later)}
