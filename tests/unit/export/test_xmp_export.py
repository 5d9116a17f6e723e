"""Which sidecars a shoot gets, what each says, and what is refused."""

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from item_makers import DARKTABLE, DIGIKAM, LIGHTROOM, item, items_in, jpeg
from keepers.errors import Refused
from keepers.export import EXPORTERS, PROFILES, Options
from keepers.export.journal import Journalled, undo
from keepers.export.operations import ABSENT, Plan, WriteFile
from keepers.export.xmp_merge import NEW_SIDECAR, changes, foreign, merge
from keepers.io import xmp
from keepers.io.files import hash_bytes
from keepers.io.xmp import parse, properties, read_rating
from keepers.io.xmp_embedded import embedded
from keepers.types import VERDICTS, Rating


def fill(folder: Path, *names: str, **content: bytes) -> Path:
    """Files by name; RAW files are a few bytes that nobody may touch."""
    for name in names:
        path = folder / name
        suffix = path.suffix.lower()
        path.write_bytes(jpeg() if suffix in (".jpg", ".jpeg") else LIGHTROOM if suffix == ".xmp" else b"raw " * 9)
    return folder


def plan(folder: Path, verdict: str = "keep", by: str = "machine", **options: object) -> Plan:
    return EXPORTERS["xmp"].plan(items_in(folder, verdict, by), Options(folder, **options))


def written(done: Plan) -> dict[str, bytes]:
    assert all(isinstance(operation, WriteFile) for operation in done.operations)
    return {operation.path.name: operation.data for operation in done.operations}


def sentences(done: Plan) -> list[str]:
    for _, sentence in done.skipped:
        assert sentence.endswith(".")
        assert "\n" not in sentence
    return [sentence for _, sentence in done.skipped]


def raw_only(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix.lower() != ".xmp"}


@pytest.mark.parametrize(
    ("profile", "names"),
    [("adobe", {"IMG.xmp"}), ("bridge", {"IMG.xmp"}), ("darktable", {"IMG.CR3.xmp"}), ("digikam", {"IMG.CR3.xmp"})],
)
def test_a_raw_gets_the_sidecar_that_the_programs_read(tmp_path: Path, profile: str, names: set[str]) -> None:
    fill(tmp_path, "IMG.CR3")
    assert set(written(plan(tmp_path, profile=profile))) == names
    (tmp_path / "IMG.CR3").rename(tmp_path / "IMG.jpg")
    assert set(written(plan(tmp_path, profile=profile))) == {name.replace("CR3", "jpg") for name in names}


def test_names_may_be_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3")
    assert set(written(plan(tmp_path, names="both"))) == {"IMG.xmp", "IMG.CR3.xmp"}
    assert set(written(plan(tmp_path, names="long"))) == {"IMG.CR3.xmp"}
    assert set(written(plan(tmp_path, names="short", profile="digikam"))) == {"IMG.xmp"}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_profile_writes_flags_and_colours_and_leaves_stars(tmp_path: Path, profile: str, verdict: str) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp", "IMG.CR3.xmp")
    for name, data in written(plan(tmp_path, verdict, profile=profile)).items():
        found = properties(parse(data, name))
        assert {key: found.get(key) for key in xmp.MARKS[verdict]} == xmp.MARKS[verdict]
        rejects = verdict == "delete" and (
            profile == "bridge" or (profile == "darktable" and name == "IMG.CR3.xmp")  # in IMG.xmp it means two stars
        )
        assert found[xmp.RATING] == ("-1" if rejects else "4")
        assert foreign(parse(data, name)) == foreign(parse(LIGHTROOM, name))


def test_the_default_profile_word_for_word(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3")
    wanted = {
        "keep": {xmp.GOOD: "true", xmp.PICK: "1", xmp.LABEL: "Green", xmp.COLOUR: "green", xmp.PICK_LABEL: "3"},
        "maybe": {xmp.PICK: "0", xmp.LABEL: "Yellow", xmp.COLOUR: "yellow", xmp.PICK_LABEL: "2"},
        "delete": {xmp.GOOD: "false", xmp.PICK: "-1", xmp.LABEL: "Red", xmp.COLOUR: "red", xmp.PICK_LABEL: "1"},
    }
    for verdict, marks in wanted.items():
        (data,) = written(plan(tmp_path, verdict)).values()
        assert properties(parse(data, "x")) == {**marks, xmp.VERDICT: verdict, xmp.BY: "machine"}


def test_stars_are_written_only_when_asked(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp")
    stars = {v: read_rating(written(plan(tmp_path, v, stars=True))["IMG.xmp"]).stars for v in VERDICTS}
    assert stars == {"keep": 5, "maybe": 3, "delete": 1}
    (tmp_path / "IMG.xmp").write_bytes(written(plan(tmp_path, "keep", stars=True))["IMG.xmp"])
    assert read_rating(written(plan(tmp_path, "delete"))["IMG.xmp"]).stars == 4
    assert properties(parse(written(plan(tmp_path, "delete", stars=True, profile="bridge"))["IMG.xmp"], "x"))[
        xmp.RATING
    ] == "-1"


@pytest.mark.parametrize("profile", PROFILES)
def test_where_both_names_exist_both_are_written_and_agree(tmp_path: Path, profile: str) -> None:
    fill(tmp_path, "IMG.CR3")
    (tmp_path / "IMG.xmp").write_bytes(LIGHTROOM)
    (tmp_path / "IMG.CR3.xmp").write_bytes(DARKTABLE)
    done = plan(tmp_path, "delete", "person", profile=profile)
    both = written(done)
    assert set(both) == {"IMG.xmp", "IMG.CR3.xmp"}
    assert {read_rating(data).verdict for data in both.values()} == {"delete"}
    assert foreign(parse(both["IMG.CR3.xmp"], "x")) == foreign(parse(DARKTABLE, "x"))
    assert len({operation.group for operation in done.operations}) == 1  # both or none


def test_a_new_name_starts_with_what_the_other_says(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp")  # darktable would read IMG.CR3.xmp alone, and lose the keywords
    both = written(plan(tmp_path, profile="darktable"))
    assert foreign(parse(both["IMG.CR3.xmp"], "x")) == foreign(parse(LIGHTROOM, "x"))
    (tmp_path / "IMG.xmp").rename(tmp_path / "IMG.CR3.xmp")
    both = written(plan(tmp_path))
    assert set(both) == {"IMG.xmp", "IMG.CR3.xmp"}
    assert foreign(parse(both["IMG.xmp"], "x")) == foreign(parse(LIGHTROOM, "x"))


def test_the_edits_of_a_raw_are_not_given_to_its_jpeg(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.jpg")
    (tmp_path / "IMG.CR3.xmp").write_bytes(DARKTABLE)
    new = written(plan(tmp_path, profile="darktable"))
    assert set(new) == {"IMG.CR3.xmp", "IMG.jpg.xmp"}
    assert b"history" in new["IMG.CR3.xmp"]
    assert b"history" not in new["IMG.jpg.xmp"]


def test_a_pair_is_one_photo(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "img.JPG")
    assert set(written(plan(tmp_path))) == {"IMG.xmp"}
    assert set(written(plan(tmp_path, profile="digikam"))) == {"IMG.CR3.xmp", "img.JPG.xmp"}


def test_two_raws_of_one_stem_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "img.DNG", "IMG.xmp")
    for profile in PROFILES:
        done = plan(tmp_path, profile=profile)
        assert not done.operations
        assert len(done.skipped) == 2
        assert all("two RAW files of one name" in s and "IMG.CR3" in s and "img.DNG" in s for s in sentences(done))
    only = EXPORTERS["xmp"].plan([item(tmp_path / "IMG.CR3")], Options(tmp_path))  # the other is not among the items
    assert "two RAW files" in sentences(only)[0]


def test_photos_that_share_a_stem_get_names_of_their_own(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.jpg", "IMG.png")
    assert set(written(plan(tmp_path))) == {"IMG.jpg.xmp", "IMG.png.xmp"}
    fill(tmp_path, "IMG.CR3")  # takes the JPEG and the short name
    assert set(written(plan(tmp_path))) == {"IMG.xmp", "IMG.png.xmp"}
    fill(tmp_path, "IMG.xmp")
    assert set(written(plan(tmp_path))) == {"IMG.xmp", "IMG.png.xmp"}


def test_a_short_name_that_nobody_owns_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.jpg", "IMG.png", "IMG.xmp")
    assert set(written(plan(tmp_path))) == {"IMG.jpg.xmp", "IMG.png.xmp"}


def test_a_jpeg_named_after_a_raw_does_not_take_its_sidecar(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.CR3.jpg")
    assert set(written(plan(tmp_path, profile="darktable"))) == {"IMG.CR3.xmp", "IMG.CR3.jpg.xmp"}
    assert set(written(plan(tmp_path))) == {"IMG.xmp", "IMG.CR3.jpg.xmp"}


def test_an_existing_name_is_kept_as_it_is_spelled(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "img.XMP")
    assert set(written(plan(tmp_path))) == {"img.XMP"}


def test_a_second_export_has_nothing_to_do(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "b.jpg", "IMG.xmp")
    done = plan(tmp_path, embed=True)
    assert len(done.operations) == 2
    for operation in done.operations:
        operation.path.write_bytes(operation.data)
    assert plan(tmp_path, embed=True).operations == ()


def test_the_plan_knows_what_it_read_and_says_what_it_does(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp")
    (old,) = plan(tmp_path).operations
    assert (old.expected, old.what) == (hash_bytes(LIGHTROOM), "pick and label Green")
    (tmp_path / "IMG.xmp").unlink()
    (new,) = plan(tmp_path, "delete", stars=True).operations
    assert (new.expected, new.what) == (ABSENT, "reject and label Red, rate 1 of 5")
    assert new.data.startswith(NEW_SIDECAR[:38])


def test_nothing_is_written_while_planning(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp", "b.jpg")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    plan(tmp_path, embed=True, names="both")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


def test_embedding_writes_into_jpegs_only(tmp_path: Path) -> None:
    fill(tmp_path, "a.CR3", "a.jpg", "b.jpeg", "c.heic", "d.tif")
    new = written(plan(tmp_path, "delete", embed=True))
    assert set(new) == {"a.xmp", "a.jpg", "b.jpeg", "c.xmp", "d.xmp"}
    for name in ("a.jpg", "b.jpeg"):
        packet = embedded(io.BytesIO(new[name]), ".jpg").packet
        assert packet is not None
        assert read_rating(packet).verdict == "delete"
        assert new[name].endswith(jpeg()[20:])
    assert not any(path.suffix.lower() == ".cr3" for path in map(Path, new))


def test_an_embedded_verdict_and_an_existing_sidecar_agree(tmp_path: Path) -> None:
    fill(tmp_path, "b.jpg", "b.xmp")
    assert set(written(plan(tmp_path, embed=True))) == {"b.jpg", "b.xmp"}


def test_a_plan_holds_no_jpeg_in_memory(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    done = plan(tmp_path, embed=True)
    (operation,) = done.operations
    assert not any(isinstance(getattr(operation, name), bytes) for name in ("_wanted", "what", "expected", "group"))
    assert operation.data == operation.data != jpeg()
    assert done == plan(tmp_path, embed=True)
    (tmp_path / "a.jpg").write_bytes(operation.data)
    assert operation.data == (tmp_path / "a.jpg").read_bytes()


@pytest.mark.parametrize("options", [{"profile": "adobe"}, {"profile": "darktable", "embed": True}])
def test_what_is_done_can_be_taken_back(tmp_path: Path, options: dict) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    fill(folder, "a.CR3", "a.jpg", "a.xmp", "b.jpg", "c.heic")
    (folder / "b.jpg").write_bytes(jpeg(xmp=LIGHTROOM))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = plan(folder, "delete", "person", **options)
    Journalled(tmp_path / "journal").do(done)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after == {**before, **written(done)}
    assert plan(folder, "delete", "person", **options).operations == ()
    undo(tmp_path / "journal")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_jpeg_that_is_none_is_refused_whole(tmp_path: Path) -> None:
    fill(tmp_path, "a.CR3")
    (tmp_path / "a.jpg").write_bytes(b"no jpeg at all")
    done = plan(tmp_path, embed=True)
    assert not done.operations
    assert "write a sidecar instead" in sentences(done)[0]


@pytest.mark.parametrize("content", [b"<!DOCTYPE a><a/>", b"<x", LIGHTROOM[:500], b"\xff\xd8\xff", b"<html/>"])
@pytest.mark.parametrize("name", ["IMG.xmp", "IMG.CR3.xmp"])
def test_a_bad_sidecar_is_never_overwritten(tmp_path: Path, name: str, content: bytes) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp", "IMG.CR3.xmp", "ok.CR3")
    (tmp_path / name).write_bytes(content)
    done = plan(tmp_path)
    assert set(written(done)) == {"ok.xmp"}
    assert sentences(done)[0].startswith(f"{name} ")


def test_an_empty_sidecar_is_filled(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3")
    (tmp_path / "IMG.xmp").write_bytes(b"")
    (operation,) = plan(tmp_path).operations
    assert read_rating(operation.data).verdict == "keep"
    assert operation.expected == hash_bytes(b"")


@pytest.mark.parametrize("data", [DIGIKAM, LIGHTROOM.replace(b'xmp:Rating="4"', b'xmp:Rating="-1"')])
def test_the_machine_does_not_change_a_persons_flag(tmp_path: Path, data: bytes) -> None:
    fill(tmp_path, "IMG.CR3")
    (tmp_path / "IMG.xmp").write_bytes(data)
    said = read_rating(data).verdict
    done = plan(tmp_path, "maybe", "machine")
    assert not done.operations
    assert "a person set" in sentences(done)[0]
    agreed = read_rating(written(plan(tmp_path, str(said), "machine"))["IMG.xmp"])
    assert (agreed.verdict, agreed.by) == (said, "person")
    assert read_rating(written(plan(tmp_path, "maybe", "person"))["IMG.xmp"]) == Rating(
        "maybe", 3 if data == DIGIKAM else 0, "Yellow", "person"
    )


def test_the_machine_does_not_change_a_persons_flag_in_a_jpeg(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=DIGIKAM))
    assert "a person set" in sentences(plan(tmp_path, "delete", embed=True))[0]


def test_the_machine_may_change_its_own_mind(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3")
    (tmp_path / "IMG.xmp").write_bytes(merge(LIGHTROOM, changes("delete", "machine", "-1"), "x"))
    found = properties(parse(written(plan(tmp_path, "keep"))["IMG.xmp"], "x"))
    assert found == properties(parse(merge(LIGHTROOM, changes("keep", "machine"), "x"), "x"))


def test_what_is_gone_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "b.CR3")
    items = items_in(tmp_path)
    (tmp_path / "IMG.CR3").unlink()
    done = EXPORTERS["xmp"].plan(items, Options(tmp_path))
    assert set(written(done)) == {"b.xmp"}
    assert sentences(done) == ["IMG.CR3 is no longer there; cull its folder again."]
    items = [item(tmp_path / "card" / "a.jpg")]
    assert "cannot be read" in sentences(EXPORTERS["xmp"].plan(items, Options(tmp_path)))[0]


def test_names_that_grow_too_long_are_said(tmp_path: Path) -> None:
    name = "ü" * 125 + ".CR3"  # 254 bytes
    fill(tmp_path, name)
    assert len(plan(tmp_path).operations) == 1
    assert "too long" in sentences(plan(tmp_path, profile="darktable"))[0]


@pytest.mark.parametrize("name", ["a\nb.CR3", "ünï 日本 .CR3", " .CR3", "a.b.c.CR3", "%s{0}'\".CR3"])
def test_any_name_works(tmp_path: Path, name: str) -> None:
    fill(tmp_path, name)
    (operation,) = plan(tmp_path).operations
    assert operation.path == (tmp_path / name).with_suffix(".xmp")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_that_are_no_unicode_work(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.CR3"))
    path.write_bytes(b"raw")
    (operation,) = plan(tmp_path).operations
    assert os.fsencode(operation.path.name) == b"caf\xe9.xmp"


def test_a_linked_sidecar_is_merged_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "a.CR3", "b.CR3", "c.CR3")
    (tmp_path / "elsewhere").write_bytes(LIGHTROOM)
    (tmp_path / "a.xmp").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "b.xmp").mkdir()
    (tmp_path / "c.xmp").symlink_to(tmp_path / "nowhere")
    done = plan(tmp_path)
    (operation,) = done.operations
    assert foreign(parse(operation.data, "x")) == foreign(parse(LIGHTROOM, "x"))
    assert all("no file" in sentence for sentence in sentences(done))
    assert len(done.skipped) == 2


def test_a_linked_jpeg_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(jpeg())
    (tmp_path / "a.jpg").symlink_to(tmp_path / "elsewhere")
    assert "is a link" in sentences(plan(tmp_path, embed=True))[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_what_is_read_only_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp")
    (tmp_path / "IMG.xmp").chmod(0o400)
    assert "read-only" in sentences(plan(tmp_path))[0]
    tmp_path.chmod(0o500)
    try:
        assert "folder" in sentences(plan(tmp_path))[0]
    finally:
        tmp_path.chmod(0o700)


def test_read_only_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "IMG.CR3", "IMG.xmp")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).suffix != ".xmp")
    assert sentences(plan(tmp_path)) == ["IMG.xmp is read-only, so it was left as it is; allow writing to it."]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "The folder" in sentences(plan(tmp_path))[0]


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="adobe, bridge, darktable, digikam"):
        plan(tmp_path, profile="picasa")


def test_raws_are_never_among_what_is_written(tmp_path: Path) -> None:
    fill(tmp_path, "a.CR3", "b.dng", "c.NEF", "d.heic", "e.HIF", "f.jpg")
    before = raw_only(tmp_path)
    for profile in PROFILES:
        for embed in (False, True):
            for name in written(plan(tmp_path, profile=profile, embed=embed, names="both")):
                assert name.endswith(".xmp") or (embed and name == "f.jpg")
    assert raw_only(tmp_path) == before
