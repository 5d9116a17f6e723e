"""The exporter `xmp`: verdicts into sidecars, and into JPEG files where asked, as other programs read them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import Refused
from keepers.export.base import PROFILES, Item, Names, Options, exporter
from keepers.export.jpeg_embed import EmbedXmp, embed
from keepers.export.operations import ABSENT, Plan, WriteFile
from keepers.export.sidecars import Folder, Sidecar, sidecars
from keepers.export.xmp_merge import NEW_PACKET, NEW_SIDECAR, STARS, Changes, changes, merge, stays
from keepers.io import xmp
from keepers.io.files import MAX_BYTES, hash_bytes
from keepers.io.kinds import JPEG_EXTENSIONS
from keepers.io.xmp_embedded import embedded
from keepers.types import VERDICT_TITLES, Author, VerdictName

NAMES: Mapping[str, Names] = {"adobe": "short", "bridge": "short", "darktable": "long", "digikam": "long"}
"""The name that the programs of a profile read, and read first."""
_FLAG_WORDS: Mapping[VerdictName, str] = {"keep": "pick", "maybe": "unflag", "delete": "reject"}
_REJECTED = "-1"


@exporter("xmp", options=("profile", "names", "stars", "embed"))
def plan_xmp(items: Sequence[Item], options: Options) -> Plan:
    """Ratings for Lightroom, Bridge, darktable, digiKam and their kin: flags and colour labels in XMP.

    What stands in a sidecar already is merged, not replaced. Where a photo has both `IMG.xmp` and `IMG.CR3.xmp`, both
    are written, so that they agree. RAW and HEIC files are never written to. A photo is skipped as a whole, with a
    sentence, where one of its files cannot be written safely, and where a sidecar holds a person's flag that a verdict
    of the machine would change. Photos that carry the verdict already need no operation.

    Raises:
        Refused: there is no such profile.
    """
    if options.profile not in PROFILES:
        raise Refused(f"There is no profile {options.profile!r}; choose one of {', '.join(PROFILES)}.")
    folders: dict[Path, Folder | Refused] = {}
    operations: list[WriteFile] = []
    skipped: list[tuple[Path, str]] = []
    for item in items:
        try:
            operations += _photo(item, _look(folders, item.opinion.path.parent), options)
        except Refused as refusal:
            skipped.append((item.opinion.path, str(refusal)))
    return Plan("xmp", tuple(operations), tuple(skipped))


def _look(folders: dict[Path, Folder | Refused], path: Path) -> Folder:
    if path not in folders:
        try:
            folders[path] = Folder.look(path)
        except Refused as refusal:
            folders[path] = refusal
    folder = folders[path]
    if isinstance(folder, Refused):
        raise Refused(str(folder))
    return folder


def _photo(item: Item, folder: Folder, options: Options) -> list[WriteFile]:
    """The operations of one photo: all of them or none."""
    source = item.opinion.report.source
    if source.path.name not in folder.photos.get(source.path.stem.casefold(), ()) and not source.path.exists():
        raise Refused(f"{source.path.name} is no longer there; cull its folder again.")
    inside = frozenset(file.path for file in source.files if _takes_xmp(file.path, options))
    names = options.names or NAMES[options.profile]
    targets = [_sidecar(sidecar) for sidecar in sidecars(source, folder, names, inside)]
    targets += [_inside(path) for path in sorted(inside)]
    by = _author(item, targets)
    writes = []
    for target in targets:
        wanted = changes(item.verdict, by, _rating(item, options, target.short), item.colour)
        put = merge if target.inside is None else embed
        new = put(target.start, wanted, target.name)
        if new != target.old:
            writes.append(_write(target, new, wanted, _what(item, target, wanted), str(source.path)))
    return writes


def _takes_xmp(path: Path, options: Options) -> bool:
    return options.embed and path.suffix.lower() in JPEG_EXTENSIONS


@dataclass(frozen=True, slots=True)
class _Target:
    """A file to write: `old` is what it holds (None where it does not exist), `start` what the verdict is merged into.

    `name` is what `start` is called in messages; `inside` is the packet in a JPEG, None for a sidecar.
    """

    path: Path
    old: bytes | None
    start: bytes
    name: str
    short: bool = False
    inside: bytes | None = None

    @property
    def title(self) -> str:
        """What holds the XMP."""
        return self.name if self.inside is None else f"The XMP in {self.name}"

    def found(self) -> dict[str, str]:
        """What the XMP says before the merge; raises Refused where it is not valid."""
        packet = self.start if self.inside is None else self.inside
        return {} if packet in (NEW_SIDECAR, NEW_PACKET) else xmp.properties(xmp.parse(packet, self.title))


def _sidecar(sidecar: Sidecar) -> _Target:
    old = _read(sidecar.path, xmp.MAX_BYTES) if sidecar.exists else None
    seed = sidecar.seed or sidecar.path
    start = old if sidecar.seed is None else _read(sidecar.seed, xmp.MAX_BYTES)
    # An empty file is what a full disk leaves of a sidecar.
    return _Target(sidecar.path, old, start or NEW_SIDECAR, seed.name, sidecar.short)


def _inside(path: Path) -> _Target:
    if path.is_symlink():
        raise Refused(f"{path.name} is a link, so nothing was written into it; export where the file itself lies.")
    data = _read(path, MAX_BYTES)
    return _Target(path, data, data, path.name, inside=embedded(io.BytesIO(data), path.suffix).packet or NEW_PACKET)


def _read(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise Refused(f"{path.name} has more than {most >> 20} MiB, too much to rewrite; it was left as it is.")
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Refused(f"{path.name} cannot be read ({why}); check its permissions and its disk.") from error


def _author(item: Item, targets: Sequence[_Target]) -> Author:
    """Whose verdict is recorded. What a person said in another program is not changed, and stays a person's."""
    if item.by == "person":
        return "person"
    author: Author = "machine"
    for target in targets:
        said, name = xmp.flagged(target.found()), target.title
        if said is not None and said != item.verdict:
            raise Refused(
                f"{name} has a flag that a person set ({VERDICT_TITLES[said]}), and a verdict of the machine "
                "does not change it; choose for this photo yourself to do so."
            )
        author = "person" if said is not None else author
    return author


def _write(target: _Target, new: bytes, wanted: Changes, what: str, group: str) -> WriteFile:
    expected = ABSENT if target.old is None else hash_bytes(target.old)
    if target.inside is not None:
        return EmbedXmp(target.path, wanted, what, expected, group)
    return WriteFile(target.path, new, what, expected, group)


def _what(item: Item, target: _Target, wanted: Changes) -> str:
    """The change in words, as the dry run shows it."""
    where = "" if target.inside is None else ", inside the JPEG"
    return f"{_FLAG_WORDS[item.verdict]} and label {wanted[xmp.LABEL]}{_stars(target, wanted)}{where}"


def _stars(target: _Target, wanted: Changes) -> str:
    rating = wanted[xmp.OWN_RATING]
    if rating is None:
        return ""
    found = target.found()
    if stays(wanted, found):
        return f", leave the rating of {found[xmp.RATING]} that another program gave since"
    return ", rate as rejected" if rating == _REJECTED else f", rate {rating} of 5"


def _rating(item: Item, options: Options, short: bool) -> str | None:
    """xmp:Rating, or None to leave it to the user: a rejection, then a person's stars, then those of the verdict.

    darktable takes -1 in `IMG.xmp` for two stars.
    """
    if item.verdict == "delete" and (options.profile == "bridge" or (options.profile == "darktable" and not short)):
        return _REJECTED
    if item.stars:
        return str(item.stars)
    return STARS[item.verdict] if options.stars else None
