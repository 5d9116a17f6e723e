"""The shape of the catalog, one numbered step after another; a step that was released is never edited."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from keepers.errors import Refused

APPLICATION_ID = 0x6B656570
"""`keep`: tells our files from other programs' SQLite databases."""

_FIRST = """
CREATE TABLE photo (
    id TEXT PRIMARY KEY,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    captured_at TEXT, make TEXT, model TEXT, iso INTEGER, exposure_s REAL, f_number REAL, focal_mm REAL,
    bias_ev REAL,
    orientation INTEGER NOT NULL,
    network TEXT
) WITHOUT ROWID;

-- A picture on disk, by the path of the file that is judged: a photo we know, or a file that cannot be read and why.
CREATE TABLE source (
    path PRIMARY KEY,
    photo TEXT REFERENCES photo (id),
    error TEXT,
    CHECK ((photo IS NULL) <> (error IS NULL))
);
CREATE INDEX source_photo ON source (photo);

CREATE TABLE file (
    source NOT NULL REFERENCES source (path) ON DELETE CASCADE,
    path NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('image', 'raw', 'sidecar')),
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    PRIMARY KEY (source, path)
) WITHOUT ROWID;
CREATE INDEX file_size ON file (size) WHERE path = source;

CREATE TABLE measurement (
    photo TEXT NOT NULL REFERENCES photo (id),
    "check" TEXT NOT NULL,
    version TEXT NOT NULL,
    raw REAL,
    note TEXT NOT NULL,
    PRIMARY KEY (photo, "check")
) WITHOUT ROWID;

-- What a person decided; NULL takes a decision back. Rows are only ever added.
CREATE TABLE choice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    photo TEXT NOT NULL REFERENCES photo (id),
    verdict TEXT CHECK (verdict IN ('keep', 'maybe', 'delete')),
    made_at TEXT NOT NULL
);
CREATE INDEX choice_photo ON choice (photo);
CREATE TRIGGER choice_is_kept BEFORE DELETE ON choice BEGIN SELECT RAISE(ABORT, 'choices are only added'); END;
CREATE TRIGGER choice_is_fixed BEFORE UPDATE ON choice BEGIN SELECT RAISE(ABORT, 'choices are only added'); END;
"""

_RATINGS = """
-- Where a decision was made: by a person in keepers, or by a person in another program, which left it in XMP.
ALTER TABLE choice ADD COLUMN origin TEXT NOT NULL DEFAULT 'person' CHECK (origin IN ('person', 'xmp'));

-- `said`: a person's word in the photo's files that was taken into account last. `wrote`: the one that keepers writes
-- there itself and has not met again yet.
CREATE TABLE rating (
    photo TEXT PRIMARY KEY REFERENCES photo (id),
    said TEXT CHECK (said IN ('keep', 'maybe', 'delete')),
    wrote TEXT CHECK (wrote IN ('keep', 'maybe', 'delete'))
) WITHOUT ROWID;

-- States of a photo's files (names, sizes, times) whose ratings were read, and the word in them; none is read twice.
CREATE TABLE reading (
    photo TEXT NOT NULL REFERENCES photo (id),
    stamp BLOB NOT NULL,
    said TEXT CHECK (said IN ('keep', 'maybe', 'delete')),
    PRIMARY KEY (photo, stamp)
) WITHOUT ROWID;
"""

_GROUPS = """
-- What grouping needs to know of the camera.
ALTER TABLE photo ADD COLUMN serial TEXT;
ALTER TABLE photo ADD COLUMN utc_offset_min INTEGER;
ALTER TABLE photo ADD COLUMN drive TEXT CHECK (drive IN ('single', 'continuous', 'bracket'));
ALTER TABLE photo ADD COLUMN burst TEXT;

-- What a photo looks like; groups are derived from it whenever they are asked for.
CREATE TABLE signature (
    photo TEXT PRIMARY KEY REFERENCES photo (id),
    version TEXT NOT NULL,
    pixels BLOB NOT NULL,
    phash BLOB NOT NULL,
    structure BLOB NOT NULL,
    focus BLOB NOT NULL,
    light REAL NOT NULL,
    embedding BLOB NOT NULL,
    embedder TEXT
) WITHOUT ROWID;

-- Folders that were culled: the photos that are judged together, and how many Must Haves were asked for.
CREATE TABLE shoot (
    folder PRIMARY KEY,
    keep TEXT
) WITHOUT ROWID;
"""

_FACES = """
-- Faces from the left of the picture to the right; lengths in pixels of the upright photo. Whether they are up to date
-- says the version of the check of closed eyes, which names the networks. An eye is a JSON array.
CREATE TABLE face (
    photo TEXT NOT NULL REFERENCES photo (id),
    number INTEGER NOT NULL,
    x REAL, y REAL, width REAL, height REAL,
    presence REAL, confidence REAL, frame_width REAL,
    yaw REAL, pitch REAL, roll REAL, gaze REAL,
    smile REAL, mouth_open REAL, looking_down REAL, squint REAL, brows_up REAL, grimace REAL,
    luma REAL, clipped REAL, prominence REAL,
    right_eye TEXT, left_eye TEXT,
    PRIMARY KEY (photo, number)
) WITHOUT ROWID;
"""

_MARKS = """
-- Stars and colours that a person gave in keepers. As of choices, the latest row of a photo counts; none is changed.
CREATE TABLE mark (
    id INTEGER PRIMARY KEY,
    photo TEXT NOT NULL REFERENCES photo (id),
    stars INTEGER NOT NULL CHECK (stars BETWEEN 0 AND 5),
    colour TEXT NOT NULL CHECK (colour IN ('', 'red', 'yellow', 'green', 'blue', 'purple')),
    made_at TEXT NOT NULL
);
CREATE INDEX mark_photo ON mark (photo, id);
CREATE TRIGGER mark_stays BEFORE DELETE ON mark BEGIN SELECT RAISE(ABORT, 'marks are only added'); END;
CREATE TRIGGER mark_is_fixed BEFORE UPDATE ON mark BEGIN SELECT RAISE(ABORT, 'marks are only added'); END;
"""

_BUDGET = """
-- How strictly a shoot was culled; NULL is the default. A shoot type is a packaged one's name or the text of another.
ALTER TABLE shoot ADD COLUMN max_false_rejects REAL;
ALTER TABLE shoot ADD COLUMN strictness REAL;
ALTER TABLE shoot ADD COLUMN shoot_type TEXT;

-- Blind samples that a person judged: of how many photos each was drawn, and how many of them were To be Deleted.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder NOT NULL,
    photos INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    made_at TEXT NOT NULL
);

-- `place` is the order in which they are shown. `part`: drawn from all photos, or from those To be Deleted only;
-- `deleted`: it was To be Deleted. `asked` is 0 where a person had decided before. `answer`: NULL where none was given.
CREATE TABLE audited (
    audit INTEGER NOT NULL REFERENCES audit (id),
    place INTEGER NOT NULL,
    photo TEXT NOT NULL REFERENCES photo (id),
    path NOT NULL,
    part TEXT NOT NULL CHECK (part IN ('all', 'deleted')),
    deleted INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    answer TEXT CHECK (answer IN ('keep', 'maybe', 'delete')),
    PRIMARY KEY (audit, place)
) WITHOUT ROWID;
"""

_COUNTING = """
-- The latest choice and mark of each photo that has one, and which pictures are decided. Triggers keep them, so that
-- what counts of a hundred thousand photos is read without going through all that was ever said of them.
CREATE TABLE chosen (
    photo TEXT PRIMARY KEY REFERENCES photo (id),
    verdict TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO chosen SELECT photo, verdict FROM choice
    WHERE id IN (SELECT max(id) FROM choice GROUP BY photo) AND verdict IS NOT NULL;

CREATE TABLE marked (
    photo TEXT PRIMARY KEY REFERENCES photo (id),
    stars INTEGER NOT NULL,
    colour TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO marked SELECT photo, stars, colour FROM mark
    WHERE id IN (SELECT max(id) FROM mark GROUP BY photo) AND (stars > 0 OR colour <> '');

ALTER TABLE source ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;
UPDATE source SET decided = 1 WHERE photo IN (SELECT photo FROM chosen);
CREATE INDEX source_decided ON source (path, decided);

CREATE TRIGGER choice_counts AFTER INSERT ON choice BEGIN
    DELETE FROM chosen WHERE photo = NEW.photo;
    INSERT INTO chosen SELECT NEW.photo, NEW.verdict WHERE NEW.verdict IS NOT NULL;
    UPDATE source SET decided = NEW.verdict IS NOT NULL
        WHERE photo = NEW.photo AND decided <> (NEW.verdict IS NOT NULL);
END;
CREATE TRIGGER mark_counts AFTER INSERT ON mark BEGIN
    DELETE FROM marked WHERE photo = NEW.photo;
    INSERT INTO marked SELECT NEW.photo, NEW.stars, NEW.colour WHERE NEW.stars > 0 OR NEW.colour <> '';
END;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _RATINGS, _GROUPS, _FACES, _MARKS, _BUDGET, _COUNTING)
"""Step n takes a catalog from `PRAGMA user_version` n to n + 1. Each statement ends at the end of a line."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[str] | None = None) -> Path | None:
    """Bring a catalog up to date, all steps in one transaction; an older one is copied beside itself first.

    Args:
        connection: in autocommit mode (`isolation_level=None`).
        path: the catalog's file.
        steps: `MIGRATIONS` unless given.

    Returns:
        The backup that was made, or None where none was needed.

    Raises:
        Refused: a newer keepers made the catalog, or another program made the file.
        sqlite3.Error: as it comes.
    """
    steps = MIGRATIONS if steps is None else steps
    version = _number(connection, "user_version")
    owner = _number(connection, "application_id")
    if owner != APPLICATION_ID and (owner or version or _number(connection, "page_count")):
        raise Refused(f"{path} is a database of another program; name another file with --catalog.")
    if version > len(steps):
        raise Refused(
            f"The catalog {path} was made by a newer keepers; update keepers, or name another file with --catalog."
        )
    if version == len(steps):
        return None
    backup = _back_up(connection, path, version) if version else None
    _upgrade(connection, version, steps)
    return backup


def _upgrade(connection: sqlite3.Connection, version: int, steps: Sequence[str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _number(connection, "user_version") == version:  # else another keepers was faster
            for step in steps[version:]:
                _run(connection, step)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """A copy that holds everything, unlike one of the bare file, whose latest pages may still be in the WAL."""
    number, backup = 1, path.with_name(f"{path.name}.v{version}.backup")
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.name}.v{version}.{number}.backup")
    connection.execute("VACUUM INTO ?", (str(backup),))
    return backup


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Statement by statement: `executescript` would commit the transaction that protects the catalog."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
