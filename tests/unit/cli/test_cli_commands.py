"""The command line as a thin client: what it prints and how it ends, over verbs that do nothing."""

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keepers import app, cli
from keepers.errors import ModelError, NothingToDo, StorageError
from keepers.types import Assessment, Opinion, Photo, PhotoFile, Reason, Report, Source, Verdict, VerdictName

FOLDER = Path("/shoot")
posix = pytest.mark.skipif(sys.platform == "win32", reason="paths are quoted in another way there")


def opinion(
    name: str, verdict: VerdictName | None = "keep", why: str = "It is soft", found: bool = True
) -> Opinion:
    path = FOLDER / name
    source = Source(path, (PhotoFile(path, "image", 1, 1),) if found else ())
    if verdict is None:
        return Opinion(Report(source, error=f"{path.name} is damaged."), None)
    said = Verdict(
        verdict,
        0.25,
        "blurred",
        {"original": 0.4, "blurred": 0.6},
        {"blurred": 0.9},
        (Reason("blurred", why, 0.8),),
        (Assessment("tile_sharpness", "blurred", 0.1, 0.2, "soft"),),
        "Something.",
    )
    return Opinion(Report(source, Photo("ab", source, 10, 10), model="net 12"), said)


def run(*arguments: str):
    return CliRunner().invoke(cli.build(), arguments)


def verb(monkeypatch: pytest.MonkeyPatch, name: str, result) -> list:
    calls = []

    def fake(*args, **kwargs):
        calls.append((args, kwargs))
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(app, name, fake)
    return calls


def shoot(*opinions: Opinion, **more) -> app.Shoot:
    return app.Shoot(FOLDER, Path("/data/catalog.db"), opinions, measured=len(opinions), seconds=2.0, **more)


class TestCull:
    def test_the_summary_says_what_a_photographer_wants_to_know(self, monkeypatch) -> None:
        verb(
            monkeypatch,
            "cull",
            shoot(
                opinion("a.jpg"),
                opinion("b.jpg", "delete"),
                opinion("c.jpg", "maybe"),
                opinion("d.jpg", None),
            ),
        )
        done = run("cull", str(FOLDER))
        assert done.exit_code == 0
        for said in ("4 photos", "Must Haves", "Maybes", "To be Deleted", "blurred 2", "It is soft"):
            assert said in done.output
        for said in (
            "d.jpg is damaged",
            "/data/catalog.db",
            "keepers explain /shoot/b.jpg",
            "No photo was changed",
        ):
            assert said in done.output

    def test_brackets_and_escapes_in_names_are_only_names(self, monkeypatch) -> None:
        verb(monkeypatch, "cull", shoot(opinion("[red]x\x1b[2J\udcff.jpg", "delete")))
        output = run("cull", str(FOLDER)).output
        assert "[red]x?[2J?.jpg" in output

    def test_long_lists_are_cut_and_say_how_to_see_the_rest(self, monkeypatch) -> None:
        monkeypatch.setenv("KEEPERS_CATALOG", "/data/catalog.db")
        verb(monkeypatch, "cull", shoot(*(opinion(f"{i:02}.jpg", "delete") for i in range(14))))
        output = run("cull", str(FOLDER)).output
        assert "and 4 more: keepers list /shoot --verdict delete\n" in output and "13.jpg" not in output

    @posix
    def test_commands_that_it_suggests_name_the_catalog_that_was_named(self, monkeypatch) -> None:
        monkeypatch.setenv("KEEPERS_CATALOG", "/another.db")
        seen = [opinion(f"{i:02}.jpg", verdict) for i in range(14) for verdict in ("delete", None)]
        verb(monkeypatch, "cull", shoot(*seen))
        output = run("cull", str(FOLDER)).output
        option = "--catalog /data/catalog.db"
        for said in (
            f"4 more: keepers list /shoot {option} --verdict delete\n",
            f"4 more: keepers list /shoot {option}\n",
            f"keepers explain /shoot/00.jpg {option}\n",
        ):
            assert said in output

    def test_an_unreadable_file_is_named_once_and_with_its_folder(self, monkeypatch) -> None:
        verb(monkeypatch, "cull", shoot(opinion("a.jpg"), opinion("sub/b.jpg", None)))
        assert f"  {Path('sub/b.jpg')} is damaged.\n" in run("cull", str(FOLDER)).output

    def test_nothing_readable_is_exit_code_1(self, monkeypatch) -> None:
        verb(monkeypatch, "cull", shoot(opinion("a.jpg", None)))
        assert run("cull", str(FOLDER)).exit_code == 1

    def test_a_full_disk_still_shows_the_result(self, monkeypatch) -> None:
        verb(monkeypatch, "cull", shoot(opinion("a.jpg"), unsaved="The disk is full."))
        done = run("cull", str(FOLDER))
        assert done.exit_code == 3 and "Must Haves" in done.stdout and "The disk is full." in done.stderr

    def test_ctrl_c_shows_what_is_done(self, monkeypatch) -> None:
        verb(monkeypatch, "cull", app.Stopped(shoot(opinion("a.jpg"), complete=False)))
        done = run("cull", str(FOLDER))
        assert done.exit_code == 130 and "run the same command again" in done.stdout

    def test_options_reach_the_verb(self, monkeypatch) -> None:
        calls = verb(monkeypatch, "cull", shoot(opinion("a.jpg")))
        run("cull", "x", "--catalog", "c.db", "-j", "3", "--model", "none")
        (args, kwargs) = calls[0]
        assert args == (Path("x"),)
        assert (kwargs["catalog"], kwargs["workers"], kwargs["model"]) == (Path("c.db"), 3, "none")


class TestAssess:
    def test_json_is_one_object_per_line_and_nothing_else(self, monkeypatch) -> None:
        verb(monkeypatch, "assess", iter([opinion("a.jpg"), opinion("ü.jpg", None)]))
        done = run("assess", "x", "--json")
        first, second = (json.loads(line) for line in done.stdout.splitlines())
        assert first["schema"] == second["schema"] == "keepers.assess/1"
        assert first["label"] == "blurred" and second["error"] == "ü.jpg is damaged."
        assert set(first) == set(second)
        assert done.exit_code == 0 and done.stderr == ""

    def test_without_json_it_is_a_table(self, monkeypatch) -> None:
        verb(monkeypatch, "assess", iter([opinion("a.jpg"), opinion("b.jpg", None)]))
        output = run("assess", "x").stdout
        assert "Must Haves" in output and "unreadable" in output and "b.jpg is damaged" in output

    @pytest.mark.parametrize(
        ("seen", "code"),
        [
            ([opinion("a.jpg"), opinion("b.jpg", None)], 0),
            ([opinion("b.jpg", None)], 1),
            ([opinion("a.jpg"), opinion("b.jpg", None, found=False)], 2),
        ],
    )
    def test_exit_codes(self, monkeypatch, seen: list[Opinion], code: int) -> None:
        verb(monkeypatch, "assess", iter(seen))
        assert run("assess", "x", "--json").exit_code == code

    def test_ctrl_c_keeps_the_table(self, monkeypatch) -> None:
        def interrupted():
            yield opinion("a.jpg")
            raise KeyboardInterrupt

        verb(monkeypatch, "assess", interrupted())
        done = run("assess", "x")
        assert done.exit_code == 130 and "a.jpg" in done.stdout


class TestExplainAndList:
    def test_explain_says_everything(self, monkeypatch) -> None:
        verb(monkeypatch, "explain", opinion("a.jpg", "maybe"))
        output = run("explain", "a.jpg").stdout
        for said in ("Maybes", "It is soft", "Something.", "tile_sharpness", "net 12", "0.900"):
            assert said in output

    def test_explain_json_adds_the_assessments(self, monkeypatch) -> None:
        verb(monkeypatch, "explain", opinion("a.jpg"))
        answer = json.loads(run("explain", "a.jpg", "--json").stdout)
        assert answer["assessments"][0]["check"] == "tile_sharpness"

    def test_explaining_an_unreadable_photo_is_exit_code_1(self, monkeypatch) -> None:
        verb(monkeypatch, "explain", opinion("a.jpg", None))
        done = run("explain", "a.jpg")
        assert done.exit_code == 1 and "a.jpg is damaged." in done.stdout

    def test_list_formats(self, monkeypatch) -> None:
        calls = verb(monkeypatch, "list_photos", [opinion("a.jpg", why='say "x", y'), opinion("b.jpg", None)])
        assert "a.jpg" in run("list", "x").stdout
        assert [o["path"] for o in json.loads(run("list", "x", "--format", "json").stdout)] == [
            "/shoot/a.jpg",
            "/shoot/b.jpg",
        ]
        table = list(csv.DictReader(io.StringIO(run("list", "x", "-f", "csv", "--verdict", "maybe").stdout)))
        assert table[0]["reason"] == 'say "x", y' and table[1]["error"] == "b.jpg is damaged."
        assert calls[-1][1]["verdict"] == "maybe"

    def test_list_says_what_it_leaves_out_beside_the_list(self, monkeypatch) -> None:
        def some(*_: object, on_missing, **__: object) -> list[Opinion]:
            on_missing(3)
            return [opinion("a.jpg")]

        monkeypatch.setattr(app, "list_photos", some)
        done = run("list", "x", "--format", "json")
        assert done.exit_code == 0 and len(json.loads(done.stdout)) == 1
        assert done.stderr.startswith("keepers: 3 photos are not listed") and done.stderr.count("\n") == 1


def test_bench_prints_tables_and_writes_them(monkeypatch, tmp_path: Path) -> None:
    one = app.Pass(2, 4, 2.0, 0.5, 90.0, 3.0, 1.0, 0.1, None)
    lot = app.Lot("photos", 4, 1, 24.0, 8.0, 1.5, (one,), {"decode": app.Stage(68.0, 90.0, 70.0)})
    calls = verb(monkeypatch, "bench", app.Bench("PC", "1.0", 2, "net", (lot,)))
    done = run("bench", "--megapixels", "24,12", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0 and "| decode |" in done.stdout and "70.0 (90.0)" in done.stdout
    assert calls[0][1]["megapixels"] == (24, 12)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "bench.md", "bench.csv", "bench.json", "bench.png",
    }  # fmt: skip


@pytest.mark.parametrize("sizes", ["", "large", "12;24"])
def test_bench_refuses_sizes_that_are_none(monkeypatch, sizes: str) -> None:
    calls = verb(monkeypatch, "bench", None)
    done = run("bench", "--megapixels", sizes)
    assert done.exit_code == 2 and "12,24,45" in done.stderr and not calls


def test_sample_says_what_next(monkeypatch) -> None:
    verb(monkeypatch, "make_sample", [Path("a.jpg")])
    assert "keepers cull out" in run("sample", "out").stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [(NothingToDo("None here."), 2), (StorageError("No disk."), 3), (ModelError("No net."), 4)],
)
def test_errors_are_one_sentence_and_their_exit_code(monkeypatch, error: Exception, code: int) -> None:
    verb(monkeypatch, "cull", error)
    done = run("cull", "x")
    assert done.exit_code == code and done.stderr == f"keepers: {error}\n" and done.stdout == ""


def test_a_name_in_an_error_does_nothing_to_the_terminal(monkeypatch) -> None:
    verb(monkeypatch, "cull", NothingToDo("x\x1b[2J\n\udcff holds no photos."))
    assert run("cull", "x").stderr == "keepers: x?[2J?? holds no photos.\n"


def test_ctrl_c_is_130(monkeypatch) -> None:
    verb(monkeypatch, "bench", KeyboardInterrupt())
    assert run("bench", "x").exit_code == 130


@pytest.mark.parametrize(
    "command",
    ["cull", "assess", "explain", "list", "choose", "export", "undo", "jobs", "serve", "sample", "bench"],
)
def test_every_command_teaches_with_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0 and f"  keepers {command}" in done.output


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from keepers.cli import build\n"
        "build()(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'cv2', 'onnxruntime', 'rich', 'PIL', 'flask', 'torch', 'sqlite3'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (
        time.perf_counter() - began < 3
    )  # .15 s on a quiet machine; the import list above is the real guard


def test_version() -> None:
    import keepers

    assert run("--version").output.strip() == f"keepers {keepers.__version__}"
