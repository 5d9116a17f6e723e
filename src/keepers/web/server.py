"""Serving the page to this computer: a port, a few threads, a link."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser
from typing import Any

import waitress
from flask import Flask

from keepers.app.review import Desk
from keepers.errors import UserError
from keepers.web import security
from keepers.web.page import BODY_LIMIT, create_app

PORT = 8421
PORTS_TRIED = 20
THREADS = 14
"""A stream of events holds one, of which there are at most six; a browser asks for six pictures at a time."""
CONNECTIONS = 24
"""Bodies are held in memory, so this bounds it; a browser opens at most six."""


def serve(
    host: str = "127.0.0.1",
    port: int = PORT,
    open_browser: bool = True,
    *,
    desk: Desk | None = None,
    first: str | None = None,
) -> None:
    """Serve the page until Ctrl-C, print its link, and open it in the browser.

    Args:
        desk: the shoots that can be reviewed; those of the catalog unless given. It is closed in the end.
        first: id of the shoot that the link opens; the page for dropping photos where None.
        host: 127.0.0.1 or localhost; nobody else's computer is answered.
        port: the first port to try; the next free one is taken where it is in use. 0 lets the system choose.
        open_browser: also open the link.

    Raises:
        UserError: the host is not this computer's, or no port is free.
    """
    desk = desk if desk is not None else Desk()
    listener = listen(host, port)
    keys = security.Keys()
    server = make_server(create_app(keys=keys, desk=desk, first=first), listener)
    link = f"http://{host}:{listener.getsockname()[1]}/?token={keys.link}"
    try:
        print(f"keepers is at {link}\nPhotos stay on this computer. Ctrl-C ends it.", flush=True)
        if open_browser:
            # In a thread, because a browser in the terminal returns only when it is closed.
            threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
        server.run()
    except KeyboardInterrupt:  # before it runs, or a second time; the first in `run` just ends that
        pass
    finally:
        server.close()
        desk.close()
    print("keepers has stopped.", flush=True)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to `port`, or to the next free one of the following ports.

    Raises:
        UserError: see `serve`.
    """
    if host not in security.TRUSTED_HOSTS:
        raise UserError(f"keepers serves this computer only: use --host 127.0.0.1 instead of {host}.")
    if not 0 <= port <= 65535:
        raise UserError(f"{port} is no port: name one from 0 to 65535 with --port.")
    last = min(port + PORTS_TRIED, 65536)
    for candidate in range(port, last):
        if bound := _bind(candidate):
            return bound
    raise UserError(f"No port from {port} to {last - 1} is free for keepers: name another one with --port.")


def _bind(port: int) -> socket.socket | None:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        # Lets a server start again at once; on Windows it would share a port that is in use.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen(1)
    except OSError:
        bound.close()
        return None
    return bound


def make_server(app: Flask, listener: socket.socket) -> Any:
    """A waitress server for `app` on `listener`; `run()` serves until Ctrl-C."""
    limit: int = app.config.get("MAX_CONTENT_LENGTH") or BODY_LIMIT
    made = waitress.create_server(
        app,
        sockets=[listener],
        threads=THREADS,
        connection_limit=CONNECTIONS,
        ident=None,
        # Above the limit of the application, which answers with a sentence where waitress only hangs up.
        max_request_body_size=limit + 64 * 1024**2,
        # waitress would write larger bodies to temporary files; photos must not touch the disk.
        inbuf_overflow=limit + 65 * 1024**2,
    )
    desk: Desk | None = app.extensions.get("keepers")
    if desk is not None:
        _hang_up_first(made.task_dispatcher, desk)
    return made


def _hang_up_first(dispatcher: Any, desk: Desk) -> None:
    """waitress waits for its threads before it stops; those that hold a stream of events would let it wait in vain."""
    stop = dispatcher.shutdown

    def shutdown(*args: Any, **kwargs: Any) -> Any:
        desk.hang_up()
        return stop(*args, **kwargs)

    dispatcher.shutdown = shutdown
