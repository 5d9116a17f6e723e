"""`choose`, `export`, `undo` and `jobs` as thin clients: what reaches the verbs, what is printed, how they end."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from keepers import app, cli
from keepers.errors import NothingToDo
from keepers.export.journal import Done, Job, Undone
from keepers.types import Opinion, Photo, PhotoFile, Reason, Report, Source, Verdict

FOLDER = Path("/shoot")
CATALOG = Path("/data/catalog.db")


def run(*arguments: str, **more):
    return CliRunner().invoke(cli.build(), arguments, env={"KEEPERS_CATALOG": str(CATALOG)}, **more)


def verb(monkeypatch: pytest.MonkeyPatch, name: str, result) -> list:
    calls = []

    def fake(*args, **kwargs):
        calls.append((args, kwargs))
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(app, name, fake)
    return calls


def opinion(name: str, readable: bool = True) -> Opinion:
    source = Source(FOLDER / name, (PhotoFile(FOLDER / name, "image", 1, 1),))
    if not readable:
        return Opinion(Report(source, error=f"{name} is damaged."), None)
    said = Verdict("keep", 0.5, "original", {}, {}, (Reason("choice", "You chose Must Haves", 1.0),))
    return Opinion(Report(source, Photo("ab", source, 1, 1)), said)


def exported(done: Done, **more) -> app.Exported:
    return app.Exported(FOLDER, CATALOG, "xmp", done, 3, **more)


class TestChoose:
    def test_a_line_per_photo(self, monkeypatch) -> None:
        chosen = app.Chosen("keep", CATALOG, (opinion("a.jpg"), opinion("b.jpg")))
        calls = verb(monkeypatch, "choose", chosen)
        done = run("choose", "a.jpg", "b.jpg", "--keep", "--model", "none")
        assert done.stdout.splitlines() == [f"{FOLDER / n}: Must Haves (your choice)" for n in ("a.jpg", "b.jpg")]
        assert calls[0][0] == ([Path("a.jpg"), Path("b.jpg")], "keep") and calls[0][1]["model"] == "none"

    def test_taking_it_back_says_whose_verdict_counts(self, monkeypatch) -> None:
        calls = verb(monkeypatch, "choose", app.Chosen(None, CATALOG, (opinion("a.jpg"),)))
        assert "by the machine" in run("choose", "a.jpg", "--undo").stdout and calls[0][0][1] is None

    def test_unreadable_photos_are_named_and_no_success(self, monkeypatch) -> None:
        verb(monkeypatch, "choose", app.Chosen("keep", CATALOG, (opinion("a.jpg"),), (opinion("b.jpg", False),)))
        done = run("choose", "a.jpg", "b.jpg", "--keep")
        assert done.exit_code == 0 and "b.jpg is damaged." in done.stderr
        verb(monkeypatch, "choose", app.Chosen("keep", CATALOG, (), (opinion("b.jpg", False),)))
        assert run("choose", "b.jpg", "--keep").exit_code == 1

    @pytest.mark.parametrize("options", [(), ("--keep", "--delete"), ("--undo", "--maybe")])
    def test_exactly_one_pile(self, monkeypatch, options: tuple[str, ...]) -> None:
        calls = verb(monkeypatch, "choose", None)
        done = run("choose", "a.jpg", *options)
        assert done.exit_code == 2 and "exactly one of" in done.stderr and not calls


class TestExport:
    def test_only_options_that_were_named_reach_the_exporter(self, monkeypatch) -> None:
        calls = verb(monkeypatch, "export", exported(Done(None, {})))
        run("export", "x", "--to", "xmp")
        assert calls[0][0] == (Path("x"), "xmp") and calls[0][1]["options"] == {}
        more = ("--profile", "darktable", "--names", "both", "--stars", "--embed", "--verdict", "keep")
        run("export", "x", "--to", "xmp", *more, "--verdict", "maybe", "-n")
        wanted = {"profile": "darktable", "names": "both", "stars": True, "embed": True}
        assert calls[1][1]["options"] == wanted and calls[1][1]["dry_run"] is True
        assert calls[1][1]["verdicts"] == ["keep", "maybe"]
        run("export", "x", "--to", "files", "-o", "y", "--move", "--trash", "--flat")
        assert calls[2][1]["options"] == {"out": Path("y"), "mode": "move", "trash": True, "flat": True}
        run("export", "x", "--to", "files", "-o", "y", "--copy")
        assert calls[3][1]["options"] == {"out": Path("y"), "mode": "copy"}

    def test_the_summary_says_what_was_done_and_how_to_take_it_back(self, monkeypatch) -> None:
        skipped = ((FOLDER / "c.CR2", "c.CR2 and c.NEF are two RAW files of one name; rename one."),)
        verb(monkeypatch, "export", exported(Done("0007", {"written": 2}, skipped=skipped), imported=1, unknown=2))
        done = run("export", "x", "--to", "xmp")
        for said in (
            "3 photos to xmp: 2 files written.",
            "keepers undo 7\n",
            "1 rating of other programs",
            "2 photos are new or changed since the cull and left out; first: keepers cull /shoot",
            "Left as they are (1)",
            "  c.CR2 and c.NEF are two RAW files",
        ):
            assert said in done.stdout
        assert done.exit_code == 0 and done.stderr == ""

    def test_a_dry_run_names_every_change_behind_a_pipe(self, monkeypatch) -> None:
        lines = tuple(f"/shoot/{n}.xmp: pick" for n in range(100))
        verb(monkeypatch, "export", exported(Done(None, {"written": 100}, lines=lines)))
        done = run("export", "x", "--to", "xmp", "--dry-run")
        assert done.stdout.splitlines()[:100] == list(lines)
        assert "Dry run, nothing was changed. 3 photos: 100 files would be written." in done.stdout

    def test_failures_are_exit_code_3(self, monkeypatch) -> None:
        failures = ((FOLDER / "a.xmp", "The disk was full at /shoot/a.xmp; free some space and run again."),)
        verb(monkeypatch, "export", exported(Done("0001", {"written": 1}, failures, left_out=2)))
        done = run("export", "x", "--to", "xmp")
        assert done.exit_code == 3 and "The disk was full" in done.stdout and "2 files were not done" in done.stdout

    def test_ctrl_c_shows_what_is_done(self, monkeypatch) -> None:
        verb(monkeypatch, "export", app.ExportStopped(exported(Done("0001", {"written": 1}, left_out=2))))
        done = run("export", "x", "--to", "xmp")
        assert done.exit_code == 130 and "keepers undo 1" in done.stdout

    def test_the_suggested_command_names_the_catalog_that_was_named(self, monkeypatch) -> None:
        verb(monkeypatch, "export", app.Exported(FOLDER, Path("/other.db"), "xmp", Done("0001", {"written": 1}), 1))
        assert "keepers undo 1 --catalog /other.db\n" in run("export", "x", "--to", "xmp").stdout


JOB = Job("0007", "xmp", datetime(2026, 5, 4, 12, tzinfo=UTC), "done", {"written": 2, "moved": 1}, 3, 1 << 20)


class TestUndo:
    @pytest.fixture
    def calls(self, monkeypatch) -> list:
        verb(monkeypatch, "job_to_undo", JOB)
        return verb(monkeypatch, "undo", Undone("0007", 3, (), True))

    def test_behind_a_pipe_it_does_not_ask(self, calls: list) -> None:
        done = run("undo")
        assert done.exit_code == 0 and "3 files as before" in done.stdout and "?" not in done.stdout
        assert calls[0][0] == ("0007",)

    def test_on_a_terminal_it_asks(self, calls: list, monkeypatch) -> None:
        terminal = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr("keepers.cli.export.sys", SimpleNamespace(stdin=terminal, stdout=terminal))
        no = run("undo", input="n\n")
        assert "Take it back?" in no.stdout and "3 files to take back" in no.stdout and not calls
        run("undo", input="\n")
        run("undo", "7", "--yes")
        assert len(calls) == 2

    def test_a_dry_run_only_tells(self, calls: list) -> None:
        assert "Job 0007, export to xmp, 2026-05-04" in run("undo", "--dry-run").stdout and not calls

    def test_what_stays_is_named(self, monkeypatch) -> None:
        verb(monkeypatch, "job_to_undo", JOB)
        refused = ((FOLDER / "a.xmp", "/shoot/a.xmp was changed after keepers wrote it and stays as it is now."),)
        verb(monkeypatch, "undo", Undone("0007", 2, refused, False))
        done = run("undo")
        assert done.exit_code == 3 and "same command again" in done.stdout
        assert "was changed after keepers" in done.stdout

    def test_a_job_that_was_cut_short_is_back_already_and_no_other_is_touched(self, calls: list, monkeypatch) -> None:
        verb(monkeypatch, "job_to_undo", None)
        assert run("undo").exit_code == 0 and not calls

    def test_nothing_to_undo(self, monkeypatch) -> None:
        verb(monkeypatch, "job_to_undo", NothingToDo("There is nothing to undo."))
        assert run("undo").exit_code == 2


def test_jobs_are_a_table(monkeypatch) -> None:
    verb(monkeypatch, "jobs", [JOB])
    output = run("jobs").stdout
    for said in ("0007", "xmp", "2 files written, 1 file moved", "done", "1.0 MiB"):
        assert said in output
    verb(monkeypatch, "jobs", [])
    assert "No export has changed a file yet." in run("jobs").stdout


class TestSidecarsThatNobodyReads:
    def test_a_jpeg_alone_is_told_of_embed(self, monkeypatch) -> None:
        verb(monkeypatch, "export", exported(Done("0001", {"written": 3}), beside=2, unreadable=1))
        told = run("export", str(FOLDER), "--to", "xmp").stdout
        assert "2 JPEGs without a RAW" in told and "--embed" in told and "exported of it" in told

    def test_nothing_is_said_where_every_sidecar_is_read(self, monkeypatch) -> None:
        verb(monkeypatch, "export", exported(Done("0001", {"written": 3})))
        assert "--embed" not in run("export", str(FOLDER), "--to", "xmp").stdout
