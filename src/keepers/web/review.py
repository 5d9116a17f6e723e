"""The routes of the review page: each is one verb of `keepers.app.review`, and the same addresses answer scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template

from keepers.app.auditing import SIZE
from keepers.app.review import Desk, Listener, ReviewedShoot
from keepers.errors import NotFound, NothingToDo, PhotoError, Refused, UserError
from keepers.types import VERDICTS, Json
from keepers.web import security
from keepers.web.asking import body, one_of
from keepers.web.openapi import description
from keepers.web.shapes import ACCEPT, ANSWERS, AUDIT, CHOICES, EXPORTS, MARKS, NOTHING, OVERLAYS, SIZES

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (NothingToDo, 409),
    (Refused, 409),
    (UserError, 400),
    (PhotoError, 422),
)
"""What an error of keepers is to HTTP; everything else is 500."""

FOREVER = "private, max-age=31536000, immutable"
"""A picture's address holds the hash of the photo: it never shows another one."""


def add_review(app: Flask, desk: Desk, keys: security.Keys) -> None:
    """Add the page and its interface to `app`."""
    _add_page(app, desk, keys)
    _add_questions(app, desk)
    _add_pictures(app, desk)
    _add_changes(app, desk)
    _add_audits(app, desk)
    _add_export(app, desk)


def status_of(error: Exception) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def _add_page(app: Flask, desk: Desk, keys: security.Keys) -> None:
    @app.get("/shoots/<sid>")
    def review_page(sid: str) -> str:
        shoot = desk.shoot(sid)
        return render_template("review.html", csrf=keys.csrf, shoot=shoot.id, folder=shoot.name)

    @app.get("/api/openapi.json")
    def openapi() -> Response:
        return jsonify(description())


def _add_questions(app: Flask, desk: Desk) -> None:
    @app.get("/api/shoots")
    def list_shoots() -> Response:
        return jsonify(shoots=desk.shoots())

    @app.get("/api/shoots/<sid>")
    def get_shoot(sid: str) -> Response:
        return jsonify(desk.shoot(sid).to_json())

    @app.get("/api/shoots/<sid>/events")
    def events(sid: str) -> Response:
        listener = desk.listen(desk.shoot(sid))
        return Response(_Stream(desk, listener), mimetype="text/event-stream")

    @app.get("/api/photos/<pid>")
    def get_photo(pid: str) -> Response:
        return jsonify(desk.details(pid))


class _Stream:
    """Server-sent events; the server closes it when the tab has gone."""

    def __init__(self, desk: Desk, listener: Listener) -> None:
        self._desk, self._listener = desk, listener

    def __iter__(self) -> Iterator[bytes]:
        for event in self._listener:
            if event is None:
                yield b": still here\n\n"
            else:
                name, data = event
                yield f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()

    def close(self) -> None:
        self._desk.leave(self._listener)


def _add_pictures(app: Flask, desk: Desk) -> None:
    @app.get("/api/photos/<pid>/image/<size>.jpg")
    def image(pid: str, size: str) -> Response:
        if size not in SIZES:
            abort(404, f"There is no size {size[:32]!r}; the sizes are: {', '.join(SIZES)}.")
        return _picture(desk, pid, size)

    @app.get("/api/photos/<pid>/overlay/<kind>.png")
    def overlay(pid: str, kind: str) -> Response:
        if kind not in OVERLAYS:
            abort(404, f"There is no overlay {kind[:32]!r}; the overlays are: {', '.join(OVERLAYS)}.")
        return _picture(desk, pid, kind)


def _picture(desk: Desk, pid: str, what: Any) -> Response:
    path = desk.picture(pid, what)
    try:
        data = path.read_bytes()
    except OSError:  # thrown away, or unplugged, between two lines
        abort(404, "The picture is no longer there; reload the page.")
    response = Response(data, mimetype="image/png" if path.suffix == ".png" else "image/jpeg")
    response.headers["Cache-Control"] = FOREVER
    return response


def _add_changes(app: Flask, desk: Desk) -> None:
    def answered(shoot: ReviewedShoot, change: Json) -> Response:
        desk.settled(shoot)
        return jsonify(change)

    @app.post("/api/shoots/<sid>/choices")
    def choose(sid: str) -> Response:
        asked, shoot = body(CHOICES), desk.shoot(sid)
        return answered(shoot, shoot.choose(asked["ids"], asked["verdict"]))

    @app.post("/api/shoots/<sid>/marks")
    def mark(sid: str) -> Response:
        asked, shoot = body(MARKS), desk.shoot(sid)
        if "stars" not in asked and "colour" not in asked:
            abort(400, "Give stars, a colour, or both.")
        return answered(shoot, shoot.mark(asked["ids"], asked.get("stars"), asked.get("colour")))

    @app.post("/api/shoots/<sid>/accept")
    def accept(sid: str) -> Response:
        asked, shoot = body(ACCEPT), desk.shoot(sid)
        return answered(shoot, shoot.accept(asked["ids"]))

    @app.post("/api/shoots/<sid>/undo")
    def undo(sid: str) -> Response:
        body(NOTHING)
        shoot = desk.shoot(sid)
        return answered(shoot, shoot.undo())

    @app.post("/api/shoots/<sid>/redo")
    def redo(sid: str) -> Response:
        body(NOTHING)
        shoot = desk.shoot(sid)
        return answered(shoot, shoot.redo())


def _add_audits(app: Flask, desk: Desk) -> None:
    @app.post("/api/shoots/<sid>/audits")
    def draw_audit(sid: str) -> Response:
        return jsonify(desk.audit(desk.shoot(sid), body(AUDIT).get("size", SIZE)))

    @app.post("/api/shoots/<sid>/audits/<int:audit>")
    def answer_audit(sid: str, audit: int) -> Response:
        asked, shoot = body(ANSWERS), desk.shoot(sid)
        answers = {photo: verdict for verdict in VERDICTS for photo in asked.get(verdict, ())}
        if len(answers) < sum(len(set(asked.get(verdict, ()))) for verdict in VERDICTS):
            raise Refused("A photo has two answers; give each one.")
        told = desk.audited(shoot, audit, answers, asked["store"])
        desk.settled(shoot)
        return jsonify(told)


def _add_export(app: Flask, desk: Desk) -> None:
    @app.post("/api/shoots/<sid>/export")
    def export(sid: str) -> Response:
        asked, shoot = one_of("to", EXPORTS), desk.shoot(sid)
        given = {name: value for name, value in asked.items() if value is not False and value != ""}
        to, dry_run = given.pop("to"), given.pop("dry_run", False)
        plan, verdicts = given.pop("plan", None), tuple(given.pop("verdicts", ()))
        if given.pop("move", False):
            given["mode"] = "move"
        return jsonify(desk.export(shoot, to, given, verdicts, dry_run, plan))

    @app.get("/api/exporters")
    def exporters() -> Response:
        return jsonify(exporters=desk.exporters())

    @app.post("/api/shoots/<sid>/export/stop")
    def stop_export(sid: str) -> Response:
        body(NOTHING)
        desk.stop_export(desk.shoot(sid))
        return jsonify({})

    @app.post("/api/jobs/<int:job>/undo")
    def undo_job(job: int) -> Response:
        body(NOTHING)
        return jsonify(desk.undo_job(job))
