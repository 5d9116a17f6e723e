"""Facts and human choices on disk: one SQLite file, one writer."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from keepers.catalog import audits, face_rows, marks, news, ratings, rows, shoots
from keepers.catalog.audits import Audit, Drawn
from keepers.catalog.faults import storage_errors, without_collector
from keepers.catalog.marks import Mark
from keepers.catalog.migrations import migrate
from keepers.catalog.news import News, Read
from keepers.catalog.ratings import Word
from keepers.catalog.shoots import GoodPhoto
from keepers.errors import PhotoError, Refused
from keepers.pipeline.policy import Wishes
from keepers.pipeline.quick import QUICK
from keepers.types import VERDICTS, Measurement, PhotoFile, Report, Source, VerdictName

_BUSY_MS = 10_000


class Catalog:
    """What keepers knows: facts of photos (rebuilt from pixels at any time) and human choices (precious).

    Use it in a `with` statement. Calls are serialised by a lock; several processes may share the file.

    Args:
        path: created with its folders where absent; an older catalog is upgraded, after a backup beside it.

    Raises:
        Refused: the file belongs to a newer keepers or to another program.
        StorageError: it cannot be opened, is damaged or in use. Every method raises it when the disk fails.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        self._db.execute("PRAGMA temp_store = MEMORY")
        migrate(self._db, self.path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was saved stays saved. A second call does nothing."""
        with self._lock, storage_errors(self.path):
            self._db.close()

    # Facts

    def save(self, reports: Iterable[Report]) -> None:
        """Store reports in one transaction: all of them or, on an error, none.

        The facts of a photo are replaced whole, so that those of a check that no longer exists go away. Of
        `timings` nothing is stored, and NaN is stored as None. Where a file changed but measures as before (another
        program wrote its keywords into it), choices stay with the picture.
        """
        with self._transaction() as db:
            for report in reports:
                self._save(db, report)

    def _save(self, db: sqlite3.Connection, report: Report) -> None:
        photo = report.photo
        if photo is not None:
            db.execute(rows.SAVE_PHOTO, rows.of_photo(photo, report.model))
            db.execute("DELETE FROM measurement WHERE photo = ?", (photo.id,))
            db.executemany("INSERT INTO measurement VALUES (?, ?, ?, ?, ?)", rows.of_measurements(report))
            db.execute("DELETE FROM signature WHERE photo = ?", (photo.id,))
            if report.signature is not None:
                db.execute(rows.SAVE_SIGNATURE, rows.of_signature(photo.id, report.signature))
            db.execute("DELETE FROM face WHERE photo = ?", (photo.id,))
            db.executemany(face_rows.SAVE, face_rows.of_faces(report))
            for (old,) in db.execute(rows.SAME_PICTURE, (photo.id, rows.key(report.source.path))).fetchall():
                ratings.carry_over(db, old, photo.id)
                marks.carry_over(db, old, photo.id)
            file = rows.judged(report.source)
            place = rows.key(file.path), file.size, file.mtime_ns, QUICK, photo.id
            for (old,) in db.execute(rows.LOOKED_AT, place).fetchall():
                ratings.carry_over(db, old, photo.id)
                marks.carry_over(db, old, photo.id)
        self._place(db, report.source, photo.id if photo else None, report.error)

    @staticmethod
    def _place(db: sqlite3.Connection, source: Source, photo: str | None, error: str | None) -> None:
        key = rows.key(source.path)
        db.execute("DELETE FROM source WHERE path = ?", (key,))
        db.execute(rows.SAVE_SOURCE, (key, photo, rows.text(error), photo))
        db.executemany("INSERT INTO file VALUES (?, ?, ?, ?, ?)", rows.of_files(source))

    def glimpse(self, sources: Sequence[Source]) -> list[Report]:
        """As `load`, with what the camera said alone: no measurements, no faces. It takes a tenth of the time."""
        with self._lock, storage_errors(self.path), without_collector():
            self._want(sources)
            return [rows.report(sources[row[0]], row, ()) for row in self._db.execute(rows.LOAD_SOURCES).fetchall()]

    def load(self, sources: Sequence[Source], *, outlines: bool = True) -> list[Report]:
        """The facts of those `sources` that are stored and whose judged file is as it was then, in their order.

        Reports carry the given sources, measurements ordered by the name of their check, faces, and no timings.
        Whether facts are still up to date is `stale`'s business. Without `outlines` those of eyes, which are only
        drawn, are left empty: of thousands of photos they are most of what there is to read, and to hold.
        """
        with self._lock, storage_errors(self.path), without_collector():
            self._want(sources)
            found = self._db.execute(rows.LOAD_SOURCES).fetchall()
            facts: dict[int, list[Measurement]] = {row[0]: [] for row in found}
            words: dict[str, str] = {}
            once = words.setdefault  # the same few words in a million rows
            for number, check, version, raw, note in self._db.execute(rows.LOAD_MEASUREMENTS):
                facts[number].append(Measurement(once(check, check), once(version, version), raw, once(note, note)))
            looks = {row[0]: rows.signature(row) for row in self._db.execute(rows.LOAD_SIGNATURES)}
            faces = face_rows.faces(self._db.execute(face_rows.LOAD).fetchall(), outlines)
            return [
                rows.report(sources[n], row, tuple(facts[n]), looks.get(n), faces.get(n, ()))
                for n, row in ((row[0], row) for row in found)
            ]

    def stale(self, sources: Sequence[Source], versions: Mapping[str, str]) -> list[Source]:
        """Those of `sources` that must be measured (again), in their order.

        That is: not stored yet; a file came, went or changed its size or time (sidecars aside, which hold no
        pixels); or a check of `versions` (name -> current version) is missing or of another version. A file that
        could not be read is tried again only when it has changed. The name "signature" in `versions` stands for
        the signature.
        """
        with self._lock, storage_errors(self.path):
            self._want(sources)
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS current (name TEXT, version TEXT)")
            self._db.execute("DELETE FROM current")
            self._db.executemany("INSERT INTO current VALUES (?, ?)", versions.items())
            stored: dict[int, set[tuple[Any, int, int]]] = {}
            for number, *file in self._db.execute(rows.STORED_FILES):
                stored.setdefault(number, set()).add((file[0], file[1], file[2]))
            current = {row[0] for row in self._db.execute(rows.UP_TO_DATE, (len(versions),))}
        return [
            source
            for number, source in enumerate(sources)
            if number not in current or stored.get(number) != rows.fingerprint(source)
        ]

    def adopt(self, sources: Sequence[Source], identify: Callable[[Source], str]) -> list[Source]:
        """Recognise photos that were moved, renamed or copied, so that they need not be measured again.

        A source that is not stored but has the size of a stored file is identified by its content; if that is a
        known photo, the source is stored as another place of it. Files of a size never seen are not read.

        Args:
            sources: as scanned; call this before `stale`.
            identify: the content id of a source (`io.files.content_id`); its PhotoErrors are skipped.

        Returns:
            The sources that were recognised.
        """
        with self._lock, storage_errors(self.path):
            self._want(sources)
            candidates = [sources[row[0]] for row in self._db.execute(rows.SEEN_SIZES)]
        known = []
        for source in candidates:
            try:
                known.append((source, identify(source)))
            except PhotoError:
                continue
        adopted = []
        with self._transaction() as db:
            for source, photo in known:
                if db.execute("SELECT 1 FROM photo WHERE id = ?", (photo,)).fetchone():
                    self._place(db, source, photo, None)
                    adopted.append(source)
        return adopted

    def renew(self, files: Iterable[PhotoFile]) -> None:
        """Note the sizes and times of stored files that keepers wrote metadata into: their facts still hold."""
        with self._transaction() as db:
            db.executemany(rows.RENEW_FILE, ((file.size, file.mtime_ns, rows.key(file.path)) for file in files))

    # Shoots

    def note_shoot(self, folder: Path, wishes: Wishes) -> None:
        """Remember that a folder was culled as one shoot, and what was asked for."""
        with self._transaction() as db:
            db.execute(shoots.SAVE, shoots.of_wishes(folder, wishes))

    def shoot_of(self, folder: Path) -> tuple[Path, Wishes]:
        """The shoot to which a folder belongs (the nearest folder above that was culled) and what was asked for.

        A folder that belongs to none is one by itself. `folder` is absolute.
        """
        with self._lock, storage_errors(self.path):
            for place in (folder, *folder.parents):
                found = self._db.execute(shoots.LOAD, (rows.key(place),)).fetchone()
                if found is not None:
                    return place, shoots.wishes(found)
        return folder, Wishes()

    def good_photos(self) -> list[GoodPhoto]:
        """Photos that a person wants to keep, of samples that are not biased; see `catalog.shoots`."""
        with self._lock, storage_errors(self.path):
            return shoots.good_photos(self._db)

    # Audits

    def begin_audit(self, folder: Path, photos: int, deleted: int, drawn: Sequence[Drawn]) -> int:
        """Store a blind sample in the order in which it is shown; its number."""
        with self._transaction() as db:
            return audits.begin(db, folder, photos, deleted, drawn)

    def answer_audit(self, number: int, answers: Mapping[str, VerdictName]) -> None:
        """Record a person's answers (photo id -> verdict) to an audit, as choices as well: all of them or none.

        Raises:
            NotFound: the audit did not ask for such a photo.
        """
        with self._transaction(durable=True) as db:
            audits.answer(db, number, answers)

    def undo_audit(self, number: int) -> int:
        """Take back the answers of an audit, and the choices made by them that still count; how many these were."""
        with self._transaction(durable=True) as db:
            return audits.undo(db, number)

    def audit(self, number: int) -> Audit:
        """An audit by its number. Raises NotFound where there is none."""
        with self._lock, storage_errors(self.path):
            return audits.load(self._db, number)

    def last_audit(self, folder: Path) -> int | None:
        """The number of the latest audit of a folder."""
        with self._lock, storage_errors(self.path):
            return audits.last(self._db, folder)

    def stored(self) -> list[Source]:
        """Every picture that could be read, with its files as they were then, sorted; no file is looked at."""
        with self._lock, storage_errors(self.path):
            return rows.sources(self._db.execute(rows.STORED_SOURCES).fetchall())

    def shoots(self) -> list[tuple[Path, int, int]]:
        """Folders that were culled as one shoot, the pictures stored of each, and how many a person decided of."""
        with self._lock, storage_errors(self.path):
            return shoots.counted(self._db)

    def _want(self, sources: Sequence[Source]) -> None:
        """Fill the temporary table `wanted`, against which the queries for many sources are joined."""
        self._db.execute(rows.CREATE_WANTED)
        self._db.execute("DELETE FROM wanted")
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO wanted VALUES (?, ?, ?, ?)", rows.of_wanted(sources))
        self._db.execute("COMMIT")

    # Choices

    def choose(self, photo: str | Iterable[str], verdict: VerdictName | None) -> None:
        """Record what a person decided of a photo, or of several at once; None takes the decision back.

        Earlier choices stay on record. When this returns, the choice survives a power cut.

        Args:
            photo: ids of photos.

        Raises:
            NotFound: the catalog has no such photo; then nothing is recorded.
            Refused: `verdict` is none of keep, maybe, delete.
        """
        if verdict is not None and verdict not in VERDICTS:
            raise Refused(f"{verdict!r} is no verdict; choose one of {', '.join(VERDICTS)}.")
        with self._transaction(durable=True) as db:
            ratings.add(db, [photo] if isinstance(photo, str) else photo, verdict)

    def decide(self, choices: Iterable[tuple[str, VerdictName | None]]) -> None:
        """As `choose`, of several photos with a verdict each: all are recorded or, on an error, none."""
        with self._transaction(durable=True) as db:
            for photo, verdict in choices:
                ratings.add(db, [photo], verdict)

    def mark(self, given: Iterable[tuple[str, Mark]]) -> None:
        """Record stars and colours of photos; earlier ones stay on record. Durable, all or none.

        Raises:
            NotFound: the catalog has no such photo.
        """
        with self._transaction(durable=True) as db:
            marks.add(db, given)

    def marks(self) -> dict[str, Mark]:
        """Photo id -> the stars and the colour that count, of photos that have any."""
        with self._lock, storage_errors(self.path):
            return marks.latest(self._db)

    def generation(self) -> int:
        """A number that changes when another connection, such as another keepers, has changed the catalog."""
        with self._lock, storage_errors(self.path):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def choices(self) -> dict[str, VerdictName]:
        """Photo id -> the latest human choice, of photos that have one."""
        with self._lock, storage_errors(self.path):
            latest: dict[str, VerdictName] = dict(self._db.execute(ratings.LATEST))
            return latest

    def last(self) -> Read:
        """Up to where `choices` and `marks` tell everything, if asked for now; call it before them."""
        with self._lock, storage_errors(self.path):
            return news.last(self._db)

    def since(self, read: Read) -> News:
        """What was chosen and marked since, by whomever."""
        with self._lock, storage_errors(self.path):
            return news.since(self._db, read)

    def unread(self, photos: Sequence[tuple[str, bytes]]) -> list[int]:
        """The numbers of those (photo id, `ratings.stamp`) whose files are in a state that was not read yet."""
        with self._transaction() as db:
            return ratings.unread(db, photos)

    def hear(self, words: Iterable[Word]) -> int:
        """Take what other programs say of photos into account; how many choices were made or taken back by it."""
        with self._transaction(durable=True) as db:
            return sum(ratings.hear(db, word) for word in words)

    def will_write(self, words: Iterable[tuple[str, VerdictName]]) -> None:
        """Remember the choices that are about to be written into files, so that `hear` does not take them for news."""
        with self._transaction() as db:
            ratings.will_write(db, words)

    @contextmanager
    def _transaction(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """All or nothing. Without `durable`, a power cut may cost the latest ones: facts can be measured again."""
        with self._lock, storage_errors(self.path):
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite rolls back itself on a full disk
                    self._db.execute("ROLLBACK")
                raise
