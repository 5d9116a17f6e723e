"""One page and one question: POST the bytes of a photo, get what `keepers assess --json` says of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as AnyResponse

from keepers.app.review import Desk
from keepers.errors import KeepersError
from keepers.io.kinds import HEIF_EXTENSIONS, IMAGE_EXTENSIONS, JPEG_EXTENSIONS, RAW_EXTENSIONS
from keepers.types import VERDICT_TITLES, Json, Opinion
from keepers.web import security
from keepers.web.preview import preview as make_preview
from keepers.web.review import add_review, status_of

Assess = Callable[[str, bytes], Opinion]
Preview = Callable[[str, bytes], str | None]

BODY_LIMIT = 200 * 1024 * 1024
"""Bytes of one photo; the largest camera files are about 120 MB."""
LETTERS = {"keep": "K", "maybe": "M", "delete": "D"}


def create_app(
    assess: Assess | None = None,
    *,
    preview: Preview = make_preview,
    keys: security.Keys | None = None,
    body_limit: int = BODY_LIMIT,
    desk: Desk | None = None,
    first: str | None = None,
) -> Flask:
    """The WSGI application.

    Args:
        assess: judges the bytes of one named photo; `keepers.app.assess_bytes` unless given.
        preview: makes the small picture for formats that browsers cannot show; None where it cannot.
        keys: the secrets of this run; drawn anew unless given.
        body_limit: bytes of the largest photo that is accepted.
        desk: the shoots that can be reviewed; none unless given.
        first: id of the shoot that the link opens; the page for dropping photos where None.
    """
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=body_limit, BOOTSTRAP_SERVE_LOCAL=True)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # probabilities keep the order of the labels
    Bootstrap5(app)
    keys = keys or security.Keys()
    security.protect(app, keys)
    _answer_errors(app)
    _add_page(app, keys, body_limit, desk, first)
    if desk is not None:
        app.extensions["keepers"] = desk
        add_review(app, desk, keys)
    _add_question(app, assess or _assess, preview)
    return app


def _assess(name: str, data: bytes) -> Opinion:
    from keepers.app import assess_bytes

    return assess_bytes(name, data)


def _add_page(app: Flask, keys: security.Keys, body_limit: int, desk: Desk | None, first: str | None) -> None:
    @app.get("/")
    def index() -> str | AnyResponse:
        if first is not None:
            return redirect(url_for("review_page", sid=first))
        return render_template(
            "index.html",
            csrf=keys.csrf,
            shoots=_shoots(desk),
            limit=body_limit,
            titles=VERDICT_TITLES,
            letters=LETTERS,
            pictures=_endings(IMAGE_EXTENSIONS),
            raws=_endings(RAW_EXTENSIONS),
            paired=_endings(JPEG_EXTENSIONS | HEIF_EXTENSIONS),
        )

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")


def _shoots(desk: Desk | None) -> list[Json]:
    """What can be reviewed; nothing where the catalog cannot be used, since this page does not need it."""
    if desk is None:
        return []
    try:
        return desk.shoots()
    except KeepersError:
        return []


def _endings(extensions: Iterable[str]) -> list[str]:
    return sorted(extension.removeprefix(".") for extension in extensions)


def _add_question(app: Flask, assess: Assess, preview: Preview) -> None:
    @app.post("/api/assess")
    def question() -> Response:
        from keepers.app import to_json

        name, wanted = _name(), request.args.get("preview")
        if wanted not in (None, "1"):
            abort(400, "Ask for a preview with preview=1, or leave it out.")
        data = _body()
        opinion = assess(name, data)
        answer = to_json(opinion)
        if wanted and opinion.verdict is not None:
            answer = {**answer, "preview": preview(name, data)}
        return jsonify(answer)


def _name() -> str:
    """The file's name without folders or control characters: it is shown, never opened."""
    given = request.args.get("name", "").replace("\\", "/")
    printable = "".join(c for c in given if unicodedata.category(c)[0] != "C")
    name = PurePosixPath(printable).name[-255:]
    if not name:
        abort(400, "Give the photo's file name: POST /api/assess?name=IMG_0001.jpg")
    return name


def _body() -> bytes:
    """The raw body. Not a form: those are written to temporary files once they are large."""
    if request.mimetype == "multipart/form-data":
        abort(415, "Send the bytes of one photo as the body of the request, not a form.")
    if request.content_length is None:
        abort(411, "Say how long the photo is: the request needs a Content-Length.")
    if request.content_length == 0:
        abort(400, "The file is empty.")
    limit: int = request.max_content_length or BODY_LIMIT
    if request.content_length > limit:
        abort(413)
    return request.get_data(cache=False)


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        sentence = error.description or error.name
        if isinstance(error, SecurityError):
            sentence = "This page answers at 127.0.0.1 and localhost only."
        elif error.code == 413:
            limit = app.config["MAX_CONTENT_LENGTH"] / 1024**2
            sentence = f"The file is larger than {limit:.0f} MB, the most that keepers looks at."
        return _sentence(sentence, error.code or 500)

    @app.errorhandler(KeepersError)
    def failed(error: KeepersError) -> Response:
        return _sentence(str(error), status_of(error))

    @app.errorhandler(Exception)
    def broke(error: Exception) -> Response:
        app.logger.exception("keepers could not judge a photo", exc_info=error)
        return _sentence("keepers failed on this photo; the terminal that runs it says why.", 500)


def _sentence(text: str, status: int) -> Response:
    if request.path.startswith("/api/"):
        return make_response(jsonify(error=text), status)
    response = make_response(text + "\n", status)
    response.mimetype = "text/plain"
    return response
