"""Opinions without a model: the file's name says what is to be thought of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from waitress import wasyncore

from keepers.types import FLAWS, LABELS, Opinion, Photo, PhotoFile, Reason, Report, Source, Verdict, VerdictName
from keepers.web import server

LIMIT = 4096
"""Bytes of the largest photo that the tests' page accepts."""

THOUGHTS: dict[str, tuple[VerdictName, str, tuple[Reason, ...]]] = {
    "good": ("keep", "original", (Reason("sharp", "The sharpest part, in the centre, is crisp.", 0.1),)),
    "shaken": (
        "maybe",
        "camera_shake",
        (
            Reason("camera_shake", "The whole frame is smeared in one direction, as from a moving hand.", 0.6),
            Reason("underexposed", "Shadows are blocked in the lower left.", 0.3),
        ),
    ),
    "blurred": (
        "delete",
        "blurred",
        (Reason("blurred", "Nothing in the frame is sharp, and the network agrees.", 0.9),),
    ),
}


def assess(name: str, data: bytes) -> Opinion:
    """An opinion named in THOUGHTS, or an unreadable photo for every other name."""
    path = Path(name)
    source = Source(path, (PhotoFile(path, "image", len(data), 0),))
    if path.stem.rstrip("0123456789") not in THOUGHTS:
        return Opinion(Report(source, error=f"{name} is not a photo that keepers can read."), None)
    verdict, label, reasons = THOUGHTS[path.stem.rstrip("0123456789")]
    likely = {name: 0.83 if name == label else 0.034 for name in LABELS}
    flaws = {flaw: 0.91 if flaw in [r.name for r in reasons] else 0.06 for flaw in FLAWS}
    opinion = Verdict(verdict, 0.5, label, likely, flaws, reasons)
    return Opinion(Report(source, photo=Photo("0" * 32, source, 96, 64), model="fake 00000000"), opinion)


@contextmanager
def running(app: Flask) -> Iterator[int]:
    """The server as `keepers serve` sets it up, in a thread; gives its port."""
    listener = server.listen("127.0.0.1", 0)
    served = server.make_server(app, listener)
    thread = threading.Thread(target=served.run, daemon=True)
    left: dict[int, Any] = {}

    def leave() -> None:
        """Ends the loop of the thread that waits on the sockets, by taking them away from it."""
        left.update(served._map)
        served._map.clear()

    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        served.task_dispatcher.shutdown()
        # Nothing is closed while the thread runs: a request that just ended may wake it after `leave` is handed over
        # and before the pipe is written to, and the pipe would be closed, or be somebody else's, by then.
        served.trigger.pull_trigger(leave)
        thread.join(10)
        wasyncore.close_all({**served._map, **left}, ignore_all=True)
