"""`keepers dataset build`: clean photos in, labelled flawed photos out."""

import functools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import simplejpeg

from keepers.dataset import labels, plan
from keepers.errors import NothingToDo, PhotoError, Refused, StorageError, UserError
from keepers.flaws import FLAWS
from keepers.image.phash import SAME_PICTURE, distance, phash
from keepers.image.resize import fit, shrink
from keepers.io import decode, scan
from keepers.settings import cpu_count
from keepers.types import Rgb, Source

MIN_SIDE = 256
"""Clean photos with a shorter side than this many pixels are skipped: the network sees 256."""
JPEG_QUALITY = 92

Progress = Callable[[str, int, int], None]
"""(stage, done, total), called from the caller's thread."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a dataset is made of; written into dataset.json.

    sources: number of clean photos, 0 for all. max_side: longest side of the photos written, in pixels. short_side:
    their short side, 0 for any; photos are made smaller before they are flawed, never after, never larger.
    variants: photos a source and flaw. blur: gaussian, defocus or both; shake: study, hand or both.
    """

    sources: int = 120
    seed: int = 0
    protocol: str = "by-source"
    max_side: int = 1024
    short_side: int = 0
    blur: str = "both"
    shake: str = "both"
    variants: Mapping[str, int] = field(default_factory=lambda: dict(plan.VARIANTS))


@dataclass(frozen=True, slots=True)
class Built:
    """What came out: the folder, its rows, and a sentence for every clean photo that was left out."""

    out: Path
    rows: tuple[labels.Row, ...]
    skipped: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: Source
    photo_id: str = ""
    hash: int = 0
    error: str = ""


def _read(source: Source, settings: Settings) -> tuple[str, Rgb]:
    photo, frame = decode.read(source)
    rgb = fit(frame.rgb, settings.max_side)
    return photo.id, shrink(rgb, settings.short_side) if settings.short_side else rgb


def _look(source: Source, max_side: int) -> _Candidate:
    try:
        photo_id, rgb = _read(source, Settings())
    except PhotoError as error:
        return _Candidate(source, error=str(error))
    if min(fit(rgb, max_side).shape[:2]) < MIN_SIDE:
        return _Candidate(source, error=f"{source.path.name} is too small: its short side is below {MIN_SIDE} pixels.")
    return _Candidate(source, photo_id, phash(rgb))


def _mapped(
    pool: ThreadPoolExecutor, function: Callable[[Source], _Candidate], items: Sequence[Source]
) -> Iterator[_Candidate]:
    # In blocks, so that choosing 120 of 10,000 photos opens little more than 120.
    for start in range(0, len(items), 16):
        yield from pool.map(function, items[start : start + 16])


def choose(
    found: Sequence[Source], settings: Settings, pool: ThreadPoolExecutor, progress: Progress | None = None
) -> tuple[dict[str, Source], list[tuple[Path, str]]]:
    """Draw the clean photos: readable, large enough, and no two the same picture (by content and pixel hash)."""
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, 0xC1EA]))
    order = [found[i] for i in rng.permutation(len(found))]
    wanted = settings.sources or len(order)
    chosen: dict[str, Source] = {}
    hashes: list[int] = []
    skipped: list[tuple[Path, str]] = []
    for candidate in _mapped(pool, functools.partial(_look, max_side=settings.max_side), order):
        path = candidate.source.path
        if candidate.error:
            skipped.append((path, candidate.error))
        elif candidate.photo_id in chosen or any(distance(candidate.hash, h) <= SAME_PICTURE for h in hashes):
            skipped.append((path, f"{path.name} shows the same picture as another original."))
        else:
            chosen[candidate.photo_id] = candidate.source
            hashes.append(candidate.hash)
            if progress:
                progress("choosing", len(chosen), min(wanted, len(order)))
        if len(chosen) == wanted:
            break
    return chosen, skipped


def _write(path: Path, rgb: Rgb) -> None:
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=JPEG_QUALITY, colorsubsampling="420")
    path.write_bytes(data)


def _make(
    out: Path, source: Source, items: Sequence[plan.Item], sides: Sequence[str], settings: Settings
) -> list[labels.Row]:
    _, rgb = _read(source, settings)
    rows = []
    for item, side in zip(items, sides, strict=True):
        made, params = rgb, {}
        if item.flaw:
            made, drawn = FLAWS[item.flaw](rgb, np.random.default_rng(item.seed), item.severity)
            params = dict(drawn)
        name = f"{item.source_id[:12]}_{item.flaw or 'original'}_{item.variant}.jpg"
        _write(out / item.label / name, made)
        rows.append(
            labels.Row(
                f"{item.label}/{name}", item.label, item.flaw, item.source_id, source.path.name, params,
                item.severity, item.seed, side,
            )
        )  # fmt: skip
    return rows


def _make_room(out: Path, force: bool) -> Path:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not force:
            raise Refused(f"{out} exists already; name another folder, or pass --force to replace a dataset.")
        if not (out / "dataset.json").is_file():
            raise Refused(f"{out} exists and was not made by `keepers dataset build`, so --force will not replace it.")
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for label in ("original", *plan.recipes()):
        (partial / label).mkdir()
    return partial


def _put_in_place(partial: Path, out: Path) -> None:
    if out.exists():
        old = out.with_name(out.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        partial.rename(out)
        shutil.rmtree(old)
    else:
        partial.rename(out)


def _make_all(
    partial: Path,
    chosen: Mapping[str, Source],
    settings: Settings,
    like: Mapping[str, str] | None,
    pool: ThreadPoolExecutor,
    progress: Progress | None,
) -> list[labels.Row]:
    makers = plan.recipes(settings.blur, settings.shake)
    groups = [plan.plan_source(photo_id, settings.seed, settings.variants, makers) for photo_id in sorted(chosen)]
    items = [item for group in groups for item in group]
    if like is None:
        sides = plan.split(items, settings.protocol, settings.seed)
    else:
        dealt = plan.deal(list(chosen), like, settings.seed)
        sides = [dealt[item.source_id] for item in items]
    jobs, place = [], 0
    for group in groups:
        own = sides[place : place + len(group)]
        place += len(group)
        source = chosen[group[0].source_id]
        jobs.append(pool.submit(_make, partial, source, group, own, settings))
    rows: list[labels.Row] = []
    for done, job in enumerate(jobs, start=1):
        rows += job.result()
        if progress:
            progress("making", done, len(jobs))
    return rows


def build(
    clean: Path,
    out: Path,
    settings: Settings | None = None,
    *,
    like: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Built:
    """Make a labelled dataset of flawed photos from a folder of clean ones.

    The clean photos are only read. The dataset appears under its name when it is complete. For one seed the table
    is the same everywhere; pixels are the same up to rounding of the platform's arithmetic. Where `like` names another
    dataset, its photos stay on the side of the split where they are there, and the others are dealt to the sides.

    Raises:
        NotFound: if `clean` or `like` does not exist. UserError: on a short side below 256, or on `like` with a
        protocol other than by-source. NothingToDo: if it holds no usable
        photo. Refused: if `out` exists and `force` is off, or is not a dataset. StorageError: if the disk is full.
    """
    settings = settings or Settings()
    if settings.short_side != 0 and settings.short_side < MIN_SIDE:
        raise UserError(f"A short side of {settings.short_side} pixels is too small: the network sees {MIN_SIDE}.")
    if like is not None and settings.protocol != "by-source":
        raise UserError("Photos stay on their side only in a split by source; leave out --like or --split random.")
    known = None if like is None else {row.source_id: row.split for row in labels.read(like)}
    if clean.resolve() in (out.resolve(), *out.resolve().parents):
        raise Refused(
            f"{out} lies inside {clean}, where its photos would be taken for clean ones; name a folder elsewhere."
        )
    found = scan.scan([clean])
    try:
        partial = _make_room(out, force)
        with ThreadPoolExecutor(max_workers=cpu_count()) as pool:
            chosen, skipped = choose(found, settings, pool, progress)
            if not chosen:
                raise NothingToDo(f"{clean} holds no photo that can be used; point at a folder of clean photos.")
            rows = _make_all(partial, chosen, settings, known, pool, progress)
        labels.write(partial / "labels.csv", rows)
        facts = {**asdict(settings), "sources_used": len(chosen), "photos": len(rows), "skipped": len(skipped)}
        (partial / "dataset.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        _put_in_place(partial, out)
    except OSError as error:
        raise StorageError(f"{out} could not be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(out.with_name(out.name + ".partial"), ignore_errors=True)
    return Built(out, tuple(rows), tuple(skipped))
