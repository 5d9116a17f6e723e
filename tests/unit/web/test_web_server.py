"""Ports, limits and the end of the server, over real sockets."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import NoReturn

import pytest
from flask import Flask
from waitress.trigger import trigger

from keepers.errors import UserError
from keepers.web import server
from keepers.web.security import CSRF_HEADER, Keys
from web_fakes import running


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[HTTPResponse, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response, response.read().decode()


def test_a_taken_port_gives_the_next_free_one() -> None:
    with closing(server.listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with closing(server.listen("localhost", port)) as second:
            assert port < second.getsockname()[1] <= port + server.PORTS_TRIED


def test_no_free_port_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PORTS_TRIED", 1)
    with (
        closing(server.listen("127.0.0.1", 0)) as first,
        pytest.raises(UserError, match="name another one with --port"),
    ):
        server.listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_is_none_is_a_sentence(port: int) -> None:
    with pytest.raises(UserError, match="0 to 65535"):
        server.listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org"])
def test_only_this_computer_is_served(host: str) -> None:
    with pytest.raises(UserError, match=r"use --host 127\.0\.0\.1"):
        server.serve(host=host, open_browser=False)


def test_a_large_photo_never_touches_the_disk(app: Flask, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise AssertionError("a temporary file was opened")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    app.config["MAX_CONTENT_LENGTH"] = 8 * 1024**2
    with running(app) as port:
        page, _ = ask(port, "GET", f"/?token={keys.link}")
        cookie = page.headers["Set-Cookie"].split(";")[0]
        headers = {"Cookie": cookie, CSRF_HEADER: keys.csrf}
        response, text = ask(port, "POST", "/api/assess?name=good.jpg", bytes(4 * 1024**2), **headers)
        assert (response.status, '"verdict":"keep"' in text) == (200, True)
        response, text = ask(port, "POST", "/api/assess?name=good.jpg", bytes(9 * 1024**2), **headers)
        assert (response.status, "larger than 8 MB" in text) == (413, True)


def test_the_helper_stops_a_server_that_is_awake(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = trigger._physical_pull

    def pull_after_a_request_did(self: trigger) -> None:
        pull(self)
        time.sleep(0.2)
        pull(self)

    with running(app) as port:
        ask(port, "GET", "/healthz")
        monkeypatch.setattr(trigger, "_physical_pull", pull_after_a_request_did)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)


def test_the_server_does_not_say_what_it_is(app: Flask) -> None:
    with running(app) as port:
        response, _ = ask(port, "GET", "/healthz")
        assert "Server" not in response.headers
        response, _ = ask(port, "GET", "/healthz", Host="evil.example")
        assert response.status == 400


def test_serve_opens_the_link_it_prints(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    opened = threading.Event()
    links: list[str] = []

    class Served:
        def __init__(self, app: Flask, listener: socket.socket) -> None:
            self.close = listener.close

        def run(self) -> None:
            assert opened.wait(5)
            raise KeyboardInterrupt

    def browser(link: str) -> bool:
        links.append(link)
        opened.set()
        return True

    monkeypatch.setattr(server, "make_server", Served)
    monkeypatch.setattr(webbrowser, "open", browser)
    server.serve(port=0)
    printed = capsys.readouterr().out
    assert links[0].startswith("http://127.0.0.1:")
    assert links[0] in printed.splitlines()[0]
    assert printed.endswith("keepers has stopped.\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console, this test's included")
def test_ctrl_c_ends_it_cleanly() -> None:
    # A shell ignores Ctrl-C for what it runs in the background, this test perhaps, and children inherit that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from keepers.web import serve; serve(port=0, open_browser=False)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "?token=" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert out.endswith("keepers has stopped.\n")
