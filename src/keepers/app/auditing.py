"""The verb `audit`: a blind random sample that a person judges, and what it says of To be Deleted.

    sample = audit_sample("~/Pictures/wedding", size=50, seed=1)
    for photo in sample.asked: ...                       # show photo.path, without the verdict
    audit_answer(sample.number, {photo.photo: "keep"})   # as often as wanted; each is a choice as well
    print(audit_result(sample.number).rate)

Half of the sample is drawn from all photos of the shoot, so that it is a fair sample of them on which the promise can
rest later (`app.promising`); the rest from To be Deleted, so that it is measured well. They are shuffled: whoever
judges them does not know which is which. Exact copies are left out, since a person who sees only one cannot know that
nothing is lost with it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keepers.app.looking import judged_in
from keepers.app.measuring import Run, photos_in, quoted
from keepers.catalog.audits import Audit, Drawn
from keepers.catalog.db import Catalog
from keepers.errors import NotFound, NothingToDo, UserError
from keepers.evaluate.statistics import Estimate
from keepers.io.files import absolute
from keepers.settings import settings
from keepers.types import Opinion, VerdictName

SIZE = 50
"""Photos that are asked for, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class AuditSample:
    """A sample in the order in which it is shown. asked: the photos to judge. deleted: how many are To be Deleted."""

    number: int
    folder: Path
    asked: tuple[Drawn, ...]
    deleted: int


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What the answers say of To be Deleted.

    deleted: photos there when the sample was drawn, copies and those of which a person had decided left out. checked:
    how many of them were answered. wrong: paths of those that the person keeps. rate: the share of good photos among
    those To be Deleted, with its 95 % interval. lost: the same as a number of photos. false_rejects: the share of the
    shoot's good photos that is To be Deleted, estimated; None where too little was answered to say.
    """

    number: int
    folder: Path
    deleted: int
    checked: int
    wrong: tuple[Path, ...]
    rate: Estimate
    lost: Estimate
    false_rejects: Estimate | None
    answered: int
    asked: int


def audit_sample(
    folder: Path | str, *, size: int = SIZE, seed: int | None = None, catalog: Path | str | None = None
) -> AuditSample:
    """Draw a blind sample of a culled folder, and remember it.

    Args:
        folder: a folder that was culled, or one inside it.
        size: the most photos that are asked for.
        seed: the same seed draws the same sample while nothing changes; random unless given.
        catalog: file of the catalog.

    Raises:
        NotFound, NothingToDo: there is no such folder, no photo in it, or none of them was culled; or nothing is To
            be Deleted.
        UserError: `size` is no number of photos.
    """
    if size < 1:
        raise UserError(f"A sample of {size} photos says nothing; ask for at least 1.")
    sources, _ = photos_in(folder)
    run, place = Run(settings(catalog=catalog)), absolute(Path(folder).expanduser())
    if not run.settings.catalog.is_file():
        raise NothingToDo(f"The catalog knows no photo in {folder}; run this first: keepers cull {quoted(folder)}")
    with Catalog(run.settings.catalog) as store:
        return sample_of(store, place, judged_in(store, run, place, sources), store.choices(), size, seed)


def sample_of(
    store: Catalog,
    folder: Path,
    opinions: Sequence[Opinion],
    choices: Mapping[str, VerdictName],
    size: int = SIZE,
    seed: int | None = None,
) -> AuditSample:
    """As `audit_sample`, of a folder that is judged already; `choices`: photo id -> a person's verdict.

    Raises:
        NothingToDo: nothing is To be Deleted.
    """
    some = _judgeable(opinions)
    pile = sum(_deleted(one, choices) for one in some)
    if not pile:
        raise NothingToDo(f"Nothing in {folder} is To be Deleted, so there is nothing to audit.")
    drawn = _draw(some, choices, size, random.Random(seed))
    number = store.begin_audit(folder, len(some), pile, drawn)
    asked = tuple(one for one in drawn if one.asked)
    return AuditSample(number, folder, asked, sum(one.deleted for one in asked))


def audit_answer(number: int, answers: Mapping[str, VerdictName], *, catalog: Path | str | None = None) -> None:
    """Record answers to an audit: photo id -> verdict. Each is a choice of the person, and wins from now on.

    Raises:
        NotFound: there is no such audit, or it did not ask for such a photo; then nothing is recorded.
    """
    with Catalog(settings(catalog=catalog).catalog) as store:
        store.answer_audit(number, answers)


def audit_result(number: int, *, catalog: Path | str | None = None) -> AuditResult:
    """What the answers to an audit say. Raises NotFound where there is no such audit."""
    with Catalog(settings(catalog=catalog).catalog) as store:
        return measured(store.audit(number))


def last_audit(folder: Path | str, *, catalog: Path | str | None = None) -> int:
    """The number of the latest audit of a folder. Raises NotFound where there is none."""
    place = absolute(Path(folder).expanduser())
    with Catalog(settings(catalog=catalog).catalog) as store:
        number = store.last_audit(place)
    if number is None:
        raise NotFound(f"{folder} was not audited yet; draw a sample with: keepers audit {quoted(folder)}")
    return number


def audit_undo(number: int, *, catalog: Path | str | None = None) -> int:
    """Take the answers to an audit back, and the choices made by them; how many photos are the machine's again.

    A choice that was made since stays. Raises NotFound where there is no such audit.
    """
    with Catalog(settings(catalog=catalog).catalog) as store:
        return store.undo_audit(number)


def answered(audit: Audit, answers: Mapping[str, VerdictName]) -> Audit:
    """The audit as it would be with these answers (photo id -> verdict) and no other; nothing is stored.

    Raises:
        NotFound: it did not ask for such a photo.
    """
    asked = {one.photo for one in audit.drawn if one.asked}
    if foreign := sorted(set(answers) - asked):
        raise NotFound(f"Audit {audit.number} did not ask for the photo {foreign[0][:64]}; draw a new sample.")
    drawn = (replace(one, answer=answers.get(one.photo)) if one.asked else one for one in audit.drawn)
    return replace(audit, drawn=tuple(drawn))


def measured(audit: Audit) -> AuditResult:
    """The arithmetic of an audit. Pure."""
    asked = [one for one in audit.drawn if one.asked]
    checked = [one for one in asked if one.deleted and one.answer is not None]
    wrong = tuple(one.path for one in checked if one.answer == "keep")
    rate = _share(len(wrong), len(checked), audit.deleted)
    # Those that were found are certain, whatever the interval says of the rest.
    least, most = len(wrong), audit.deleted - (len(checked) - len(wrong))
    low, high = max(audit.deleted * rate.low, least), min(audit.deleted * rate.high, most)
    lost = Estimate(audit.deleted * rate.value, low, high)
    answered = sum(one.answer is not None for one in asked)
    rejects = _false_rejects(audit, lost) if checked else None
    return AuditResult(
        audit.number, audit.folder, audit.deleted, len(checked), wrong, rate, lost, rejects, answered, len(asked)
    )


def _share(right: int, of: int, whole: int) -> Estimate:
    """A share with Wilson's interval; without one where the whole was looked at."""
    from keepers.pipeline.calibrate import wilson

    share = right / of if of else float("nan")
    return Estimate(share, share, share) if of and of == whole else Estimate(share, *wilson(right, of))


def _false_rejects(audit: Audit, lost: Estimate) -> Estimate | None:
    """Lost good photos over all good photos: those of the other piles are estimated by what was drawn from all."""
    rest = [one for one in audit.drawn if one.part == "all" and not one.deleted and one.answer is not None]
    if not rest:
        return None
    good = (audit.photos - audit.deleted) * sum(one.answer == "keep" for one in rest) / len(rest)
    return Estimate(*(value / (value + good) if value + good else 0.0 for value in (lost.value, lost.low, lost.high)))


def _judgeable(opinions: Sequence[Opinion]) -> list[Opinion]:
    """Readable photos, each picture once."""
    from keepers.pipeline.members import member_of

    copies = [o.group is not None and member_of(o.group, o.path).copy_of is not None for o in opinions]
    seen: dict[str, Opinion] = {}
    for opinion, copy in zip(opinions, copies, strict=True):
        if opinion.verdict is not None and not copy:
            seen.setdefault(_id(opinion), opinion)
    return list(seen.values())


def _draw(
    opinions: Sequence[Opinion], choices: Mapping[str, VerdictName], size: int, rng: random.Random
) -> list[Drawn]:
    """The sample: first from all, then more of To be Deleted, shuffled."""
    of_all = rng.sample(list(opinions), min(size // 2, len(opinions)))
    taken = {_id(one) for one in of_all}
    asked = sum(_id(one) not in choices for one in of_all)
    rest = [one for one in opinions if _deleted(one, choices) and _id(one) not in taken]
    more = rng.sample(rest, min(size - asked, len(rest)))
    drawn = [_drawn(one, choices, True) for one in of_all] + [_drawn(one, choices, False) for one in more]
    rng.shuffle(drawn)
    return drawn


def _drawn(opinion: Opinion, choices: Mapping[str, VerdictName], of_all: bool) -> Drawn:
    own = choices.get(_id(opinion))
    deleted = _deleted(opinion, choices)
    return Drawn(_id(opinion), opinion.path, "all" if of_all else "deleted", deleted, own is None, own)


def _deleted(opinion: Opinion, choices: Mapping[str, VerdictName]) -> bool:
    """Whether the machine puts it away, and no person has decided of it."""
    return opinion.verdict is not None and opinion.verdict.verdict == "delete" and _id(opinion) not in choices


def _id(opinion: Opinion) -> str:
    assert opinion.report.photo is not None
    return opinion.report.photo.id
