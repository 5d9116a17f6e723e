"""What the verbs share: finding photos, the network and calibration of a run, facts into opinions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from keepers.errors import NotFound, NothingToDo
from keepers.pipeline import executors
from keepers.pipeline.score import PACKAGED, Keep, Network
from keepers.settings import Settings
from keepers.types import Opinion, Report, Source, VerdictName

if TYPE_CHECKING:
    from keepers.catalog.db import Catalog
    from keepers.pipeline.calibration import Calibration
    from keepers.pipeline.people import PeopleScore
    from keepers.pipeline.policy import Policy, Wishes
    from keepers.pipeline.taste import Taste

Progress = Callable[[int, int], None]
"""Called after every photo with how many are done and how many there are."""


@dataclass(frozen=True)
class Run:
    """The settings of one call and what follows from them; everything heavy is loaded when first needed."""

    settings: Settings
    thumbs: Path | None = None
    """The cache that gets a thumbnail of every photo that is measured; none where None."""

    @cached_property
    def network(self) -> Network:
        """The network to run: the one that was named, else the packaged one where it is installed."""
        from keepers.models import zoo

        if self.settings.model == "none":
            return Network("none")
        if self.settings.model is not None:
            return Network("file", Path(self.settings.model).expanduser())
        return PACKAGED if zoo.packaged().is_file() else Network("none")

    @cached_property
    def calibration(self) -> Calibration:
        """The calibration that lies beside a named network (`mine.json` for `mine.onnx`), else the packaged one."""
        from keepers.pipeline import calibration

        path = self.network.path
        beside = path.with_suffix(".json") if path is not None else None
        return calibration.load(beside if beside is not None and beside.is_file() else None)

    @cached_property
    def taste(self) -> Taste | None:
        """What was learned of the person, where it may be used: it is on, passed its test and knows these facts."""
        from keepers.app.tastes import stored

        found = stored(self.settings.catalog)
        return found.taste if found is not None and found.used(self.versions()) else None

    def prepare(self) -> Self:
        """Load the calibration now: that it is missing must not come out after an hour of measuring."""
        _ = self.calibration
        return self

    def versions(self) -> Mapping[str, str]:
        """The version that a current measurement of each check carries, and a current signature."""
        from keepers.image import signature
        from keepers.models import zoo
        from keepers.pipeline.measure import versions

        of_checks = versions(None if self.network.kind == "none" else zoo.name_of(self.network.path))
        return {**of_checks, "signature": signature.VERSION}

    def score(self, sources: Iterable[Source]) -> Iterator[Report]:
        """Measure `sources` in the child process."""
        return executors.score(sources, workers=self.settings.workers, network=self.network, keep=self._keep())

    def glimpse(self, sources: Iterable[Source]) -> Iterator[Report]:
        """Look at the embedded previews of `sources` in the child process; see `pipeline.quick`."""
        from keepers.pipeline.quick import build_quick

        build = partial(build_quick, self._keep())
        return executors.ENGINES["child"](sources, build, threads=self.settings.workers)

    def _keep(self) -> Keep | None:
        if self.thumbs is None:
            return None
        from keepers.io import thumbs

        return partial(thumbs.keep, self.thumbs)

    def policy(self, wishes: Wishes | None = None, store: Catalog | None = None) -> Policy:
        """What was asked for, ready to judge with.

        The promise rests on the user's own choices where the catalog holds enough of them, else on the calibration.

        Raises:
            UserError: something in `wishes` makes no sense.
        """
        from keepers.app.promising import good_sample_of
        from keepers.pipeline import shoot_type
        from keepers.pipeline.budget import Budget
        from keepers.pipeline.fill import target
        from keepers.pipeline.policy import Policy, Wishes

        asked = wishes or Wishes()
        if asked.keep is not None:
            target(asked.keep)
        good = good_sample_of(self, asked.max_false_rejects, store)
        budget = Budget(asked.max_false_rejects, good)
        return Policy(asked.keep, budget, asked.strictness, shoot_type.stored(asked.shoot_type))

    def opinions(
        self,
        reports: Sequence[Report],
        choices: Mapping[str, VerdictName] | None = None,
        policy: Policy | None = None,
    ) -> list[Opinion]:
        """Judge readable photos, together; a person's choice (photo id -> verdict) wins.

        `policy` says how; the usual one, with its promised budget, unless given. `choices` is None where no catalog is
        in use; then no learned taste is used either.
        """
        from keepers.pipeline.triage import overrule

        chosen = choices or {}
        opinions = self.by_machine(reports, chosen, policy, self.taste if choices is not None else None)
        for at, opinion in enumerate(opinions):
            photo, verdict = opinion.report.photo, opinion.verdict
            if photo is not None and verdict is not None and photo.id in chosen:
                opinions[at] = replace(opinion, verdict=overrule(verdict, chosen[photo.id]))
        return opinions

    def by_machine(
        self,
        reports: Sequence[Report],
        choices: Mapping[str, VerdictName],
        policy: Policy | None = None,
        taste: Taste | None = None,
    ) -> list[Opinion]:
        """As `opinions`, with the machine's verdict on photos of which a person has decided, too."""
        from keepers.pipeline.fill import fill, target
        from keepers.pipeline.members import together
        from keepers.pipeline.quick import cautious

        asked = policy or self.policy()
        opinions = self.alone(reports, asked)
        if len(opinions) > 1:
            opinions = together(opinions, choices, self.people(reports), asked)
        if taste is not None:
            from keepers.pipeline.taste_use import apply

            opinions = apply(opinions, taste, choices)
        filled = opinions if asked.keep is None else fill(opinions, target(asked.keep), choices)
        return [cautious(opinion) for opinion in filled]

    def alone(self, reports: Sequence[Report], policy: Policy) -> list[Opinion]:
        """The machine's verdict on each photo by itself, without a look at the others."""
        from keepers.pipeline.judge import judge_all

        verdicts = iter(judge_all([r for r in reports if r.photo is not None], self.calibration, policy))
        return [Opinion(report, next(verdicts) if report.photo is not None else None) for report in reports]

    def people(self, reports: Sequence[Report]) -> list[PeopleScore | None]:
        """How good the people of each photo look, for the comparison of frames."""
        return [_people(report) for report in reports]


def _people(report: Report) -> PeopleScore | None:
    """How good the people of a photo look, beside those of the next frame."""
    from keepers.pipeline.people import score_people

    photo = report.photo
    return score_people(report.faces, max(photo.width, photo.height)) if photo is not None and report.faces else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A folder or file that could not be looked into, and a sentence that says why."""

    path: Path
    sentence: str


def photos_in(folder: Path | str) -> tuple[list[Source], tuple[Skipped, ...]]:
    """The photos of a folder, and what could not be looked into.

    Raises:
        NotFound: the folder does not exist, may not be opened or is a file.
        NothingToDo: there is no photo in it.
    """
    from keepers.io.scan import scan

    root = Path(folder).expanduser()
    if root.is_file():
        raise NotFound(f"{root} is a file, not a folder; judge single photos with: keepers assess {quoted(root)}")
    skipped: list[Skipped] = []
    sources = scan([root], on_error=lambda path, sentence: skipped.append(Skipped(path, sentence)))
    if not sources:
        raise NothingToDo(nothing_in(root, skipped))
    return sources, tuple(skipped)


def quoted(path: Path | str) -> str:
    """A path as one can paste it into a shell."""
    import shlex
    import sys

    return shlex.quote(str(path)) if sys.platform != "win32" else f'"{path}"'


def nothing_in(folder: Path, skipped: Sequence[Skipped] = ()) -> str:
    """The sentence about a folder without photos."""
    if skipped:
        return f"{folder} holds no photo that can be reached: {skipped[0].sentence}"
    return f"{folder} holds no photos (JPEG, PNG, TIFF, WebP, HEIC, AVIF or RAW); name the folder of a shoot."
