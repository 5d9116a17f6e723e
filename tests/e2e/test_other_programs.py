"""What other programs read from what keepers writes, and what keepers reads from what they write.

exiftool, exiv2 (the library in digiKam, darktable, gThumb and others) and darktable itself, where they are installed;
on Debian: exiv2, libimage-exiftool-perl, darktable.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from item_makers import DARKTABLE, LIGHTROOM, items_in, jpeg
from keepers.export import EXPORTERS, PROFILES, Options
from keepers.io.ratings import rating_of
from keepers.io.scan import scan
from keepers.io.xmp import read_rating
from keepers.types import VERDICTS, Rating

FLAGS = {"keep": (True, 1, 3), "maybe": (None, 0, 2), "delete": (False, -1, 1)}
COLOURS = {"keep": "Green", "maybe": "Yellow", "delete": "Red"}
DARKTABLE_LABELS = {"red": 0, "yellow": 1, "green": 2, "blue": 3, "purple": 4}
DARKTABLE_COLOURS = {verdict: DARKTABLE_LABELS[colour.lower()] for verdict, colour in COLOURS.items()}


def run(program: str, *arguments: str | Path) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exiftool(path: Path) -> dict[str, object]:
    return exiftool_all(path)[path]


def exiftool_all(path: Path) -> dict[Path, dict[str, object]]:
    """The metadata of a file, or of all sidecars below a folder."""
    of = ("-r", "-ext", "xmp") if path.is_dir() else ()
    found = json.loads(run("exiftool", "-j", "-n", "-G1", "-a", "-struct", *of, path))
    wanted = ("XMP", "ExifTool:Warning", "IFD0")
    return {Path(one["SourceFile"]): {n: v for n, v in one.items() if n.startswith(wanted)} for one in found}


def exiv2(path: Path) -> dict[str, str]:
    lines = run("exiv2", "-Pkv", path).splitlines()
    pairs = (line.partition(" ") for line in lines)
    return {key: value.strip() for key, _, value in pairs if key.startswith("Xmp.")}


def export(
    folder: Path, verdict: str, by: str = "person", stars: int = 0, colour: str = "", **options: object
) -> None:
    plan = EXPORTERS["xmp"].plan(items_in(folder, verdict, by, stars, colour), Options(folder, **options))
    assert plan.operations
    assert not plan.skipped
    for operation in plan.operations:
        operation.path.write_bytes(operation.data)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "IMG.CR3").write_bytes(b"raw")
    return tmp_path


@pytest.mark.parametrize("profile", PROFILES)
def test_exiftool_reads_flags_colours_and_everything_else(tmp_path: Path, profile: str) -> None:
    (tmp_path / "theirs.xmp").write_bytes(LIGHTROOM)
    for verdict in VERDICTS:
        (tmp_path / verdict).mkdir()
        (tmp_path / verdict / "IMG.CR3").write_bytes(b"raw")
        (tmp_path / verdict / "IMG.xmp").write_bytes(LIGHTROOM)
        export(tmp_path / verdict, verdict, profile=profile)
    ours = {"XMP-xmp:Rating", "XMP-xmp:Label", "XMP-photoshop:LabelColor"}
    everything = exiftool_all(tmp_path)
    theirs = {name: value for name, value in everything.pop(tmp_path / "theirs.xmp").items() if name not in ours}
    for path, found in everything.items():
        verdict = path.parent.name
        assert (found.get("XMP-xmpDM:Good"), found["XMP-xmpDM:Pick"], found["XMP-digiKam:PickLabel"]) == FLAGS[verdict]
        colour = COLOURS[verdict]
        assert (found["XMP-xmp:Label"], found["XMP-photoshop:LabelColor"]) == (colour, colour.lower())
        reject = profile == "bridge" or (profile == "darktable" and path.name == "IMG.CR3.xmp")
        assert found["XMP-xmp:Rating"] == (-1 if verdict == "delete" and reject else 4)
        assert theirs.items() <= found.items()
        assert "ExifTool:Warning" not in found


@pytest.mark.parametrize("verdict", VERDICTS)
def test_exiv2_reads_flags_colours_and_everything_else(raw: Path, verdict: str) -> None:
    (raw / "IMG.xmp").write_bytes(LIGHTROOM)
    before = exiv2(raw / "IMG.xmp")
    export(raw, verdict)
    found = exiv2(raw / "IMG.xmp")
    good, pick, label = FLAGS[verdict]
    assert found.get("Xmp.xmpDM.good") == (None if good is None else str(good).lower())
    assert (found["Xmp.xmpDM.pick"], found["Xmp.digiKam.PickLabel"]) == (str(pick), str(label))
    assert (found["Xmp.xmp.Label"], found["Xmp.xmp.Rating"]) == (COLOURS[verdict], "4")
    ours = {"Xmp.xmp.Label", "Xmp.photoshop.LabelColor"}
    assert {name: value for name, value in before.items() if name not in ours}.items() <= found.items()


def test_both_read_what_is_embedded(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(comment=b"hello"))
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "b.jpg").write_bytes(jpeg(xmp=LIGHTROOM, exif=exif))
    export(tmp_path, "delete", embed=True, profile="bridge")
    for name in ("a.jpg", "b.jpg"):
        found = exiftool(tmp_path / name)
        assert (found["XMP-xmp:Rating"], found["XMP-xmpDM:Pick"], found["XMP-xmp:Label"]) == (-1, -1, "Red")
        assert "ExifTool:Warning" not in found
        assert exiv2(tmp_path / name)["Xmp.xmp.Rating"] == "-1"
    assert exiftool(tmp_path / "b.jpg")["IFD0:Orientation"] == 6
    assert exiftool(tmp_path / "b.jpg")["XMP-dc:Subject"] == ["sea", "family"]
    run("exiftool", "-validate", tmp_path / "a.jpg")


def test_a_star_given_with_exiftool_leaves_the_machines_word_the_machines(raw: Path) -> None:
    export(raw, "delete", "machine")
    run("exiftool", "-q", "-overwrite_original", "-XMP-dc:Title=Coast", raw / "IMG.xmp")
    rating = read_rating((raw / "IMG.xmp").read_bytes())
    assert (rating.verdict, rating.by) == ("delete", "machine")
    run("exiftool", "-q", "-overwrite_original", "-XMP-digiKam:PickLabel=3", raw / "IMG.xmp")
    rating = read_rating((raw / "IMG.xmp").read_bytes())
    assert (rating.verdict, rating.by) == ("keep", "person")


def test_a_word_given_with_exiv2_is_a_persons(raw: Path) -> None:
    export(raw, "keep", "machine")
    run("exiv2", "-M", "set Xmp.xmp.Rating -1", raw / "IMG.xmp")
    assert read_rating((raw / "IMG.xmp").read_bytes()) == Rating("delete", None, "Green", "person")
    export(raw, "keep", "person")
    assert read_rating((raw / "IMG.xmp").read_bytes()).verdict == "keep"


@pytest.mark.parametrize("name", ["a.jpg", "b.png", "c.tif", "d.webp"])
def test_what_exiftool_writes_into_photos_is_read(tmp_path: Path, name: str) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / name)
    run("exiftool", "-q", "-overwrite_original", "-XMP-xmp:Rating=5", "-XMP-xmp:Label=Blue", tmp_path / name)
    (source,) = scan([tmp_path])
    assert rating_of(source) == Rating("keep", 5, "Blue", "person")


def test_what_exiftool_writes_into_exif_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    run("exiftool", "-q", "-overwrite_original", "-EXIF:Rating=2", tmp_path / "a.jpg")
    (source,) = scan([tmp_path])
    assert rating_of(source) == Rating("maybe", 2, None, "person")


def darktable(folder: Path, name: str) -> dict[str, object]:
    """Rating, colour and keywords after darktable imported a photo with its sidecars and exported it again."""
    out = folder / "out" / "out.jpg"
    out.parent.mkdir(exist_ok=True)
    out.unlink(missing_ok=True)
    config = folder / "out" / "config"
    core = ("--core", "--library", ":memory:", "--configdir", config, "--cachedir", config, "--disable-opencl")
    run("darktable-cli", folder / name, out, *core)
    found = exiftool(out)
    colours = found.get("XMP-darktable:Colorlabels", found.get("XMP-darktable:ColorLabels"))
    return {"rating": found.get("XMP-xmp:Rating"), "colour": colours, "keywords": found.get("XMP-dc:Subject")}


@pytest.mark.parametrize(("verdict", "colour"), [("keep", "purple"), ("maybe", "blue"), ("delete", "green")])
def test_stars_and_colours_of_a_person_arrive(tmp_path: Path, verdict: str, colour: str) -> None:
    (tmp_path / "IMG.CR3").write_bytes(b"raw")
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "a.xmp").write_bytes(LIGHTROOM)
    export(tmp_path, verdict, stars=2, colour=colour, profile="darktable", names="both")
    for name in ("IMG.xmp", "IMG.CR3.xmp", "a.xmp", "a.jpg.xmp"):
        rejected = verdict == "delete" and name.count(".") == 2
        found = exiftool(tmp_path / name)
        assert found["XMP-xmp:Rating"] == (-1 if rejected else 2)
        assert (found["XMP-xmp:Label"], found["XMP-photoshop:LabelColor"]) == (colour.capitalize(), colour)
        assert found["XMP-xmpDM:Pick"] == FLAGS[verdict][1]
        assert exiv2(tmp_path / name)["Xmp.xmp.Label"] == colour.capitalize()
    found = darktable(tmp_path, "a.jpg")
    number = DARKTABLE_LABELS[colour]
    assert (found["rating"], found["colour"]) in ((-1 if verdict == "delete" else 2, n) for n in (number, [number]))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_darktable_reads_its_own_profile(tmp_path: Path, verdict: str) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "a.xmp").write_bytes(LIGHTROOM)
    export(tmp_path, verdict, profile="darktable")
    assert (tmp_path / "a.jpg.xmp").is_file()
    found = darktable(tmp_path, "a.jpg")
    assert found["rating"] == (-1 if verdict == "delete" else 4)
    assert found["colour"] in (DARKTABLE_COLOURS[verdict], [DARKTABLE_COLOURS[verdict]])
    assert set(found["keywords"]) >= {"sea", "family"}


def test_darktable_reads_the_keywords_of_compact_sidecars(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    lines = (line.strip() for line in LIGHTROOM.decode().split("\n"))
    compact = " ".join(lines).replace("> <", "><").encode()
    (tmp_path / "a.xmp").write_bytes(compact)
    export(tmp_path, "keep")
    found = darktable(tmp_path, "a.jpg")
    assert (found["rating"], set(found["keywords"] or ())) == (4, {"sea", "family"})


def test_edits_of_darktable_survive(raw: Path) -> None:
    (raw / "IMG.CR3.xmp").write_bytes(DARKTABLE)
    before = exiftool(raw / "IMG.CR3.xmp")
    export(raw, "delete", profile="darktable")
    found = exiftool(raw / "IMG.CR3.xmp")
    edits = {name for name in before if "darktable" in name}
    assert edits
    assert {name: found[name] for name in edits} == {name: before[name] for name in edits}
