"""The review page on a real server in a thread, which can be stopped and started again on the same port."""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from waitress import wasyncore

from keepers.app.review import Desk
from keepers.web import create_app, server
from keepers.web.security import Keys


class Served:
    """`keepers review FOLDER` without a terminal; `link` opens it."""

    def __init__(self, folder: Path, catalog: Path) -> None:
        self.folder, self.catalog = folder, catalog
        self.keys, self.port = Keys(), 0
        self.desk: Desk | None = None
        self._served: Any = None
        self._thread: threading.Thread | None = None

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.keys.link}"

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self, *, anew: bool = False) -> None:
        """Serve on the port of the last time; `anew` with other secrets, as after a restart."""
        if anew:
            self.keys = Keys()
        self.desk = Desk(catalog=self.catalog, workers=1)
        shoot = self.desk.open(self.folder)
        listener = server.listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        self._served = server.make_server(create_app(keys=self.keys, desk=self.desk, first=shoot.id), listener)
        self._thread = threading.Thread(target=self._served.run, daemon=True)
        self._thread.start()

    def wait(self, seconds: float = 300) -> None:
        """Until the shoot is culled."""
        assert self.desk is not None
        shoot = self.desk.open(self.folder)
        ends = time.monotonic() + seconds
        while shoot.state == "culling" and time.monotonic() < ends:
            time.sleep(0.05)
        assert shoot.state == "ready", shoot.error

    def forget(self) -> None:
        """Nothing is decided, and no photo has stars or a colour."""
        assert self.desk is not None
        shoot = self.desk.open(self.folder)
        ids = [row["id"] for row in shoot.rows() if row["error"] is None]
        shoot.choose(ids, None)
        shoot.mark(ids, 0, "")

    def stop(self) -> None:
        """Hang up on everybody; a second time it does nothing."""
        if self._served is None or self.desk is None:
            return
        served, self._served = self._served, None
        self.desk.close()
        served.task_dispatcher.shutdown()
        served.trigger.pull_trigger(lambda: wasyncore.close_all(served._map, ignore_all=True))
        if self._thread is not None:
            self._thread.join(10)
