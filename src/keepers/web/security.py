"""Who may talk to the page: this computer, and on it only whoever holds the link that keepers printed.

Any web page open in the same browser can send requests to 127.0.0.1, and any program on the computer can reach
the port. Five locks, each tested by its refusal:

1. `Host` names this computer, so that a foreign name pointed at 127.0.0.1 (DNS rebinding) gets nothing.
2. `Origin` and `Sec-Fetch-Site` of a write say that it comes from the page itself.
3. The link carries a token once; it becomes a cookie that scripts cannot read and other sites cannot send.
4. A write also carries a second secret in a header that a foreign page can neither know nor set.
5. The browser is told to run and load nothing that this server did not send.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest

from flask import Flask, Response, abort, g, request

TRUSTED_HOSTS = ["127.0.0.1", "localhost"]
CSRF_HEADER = "X-Keepers-CSRF"
OPEN_ENDPOINTS = frozenset({"static", "bootstrap.static", "healthz"})
"""What anyone on this computer may fetch: files that ship with the program, and a sign of life."""

LASTING_ENDPOINTS = frozenset({"image", "overlay"})
"""What the browser may keep: pictures, whose addresses hold the hash of the photo. They say so themselves."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # blob: thumbnails made in the browser; data: the previews of formats that browsers cannot show.
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of one run of the server: `link` opens the page, `session` is its cookie, `csrf` its writes."""

    link: str = field(default_factory=_secret, repr=False)
    session: str = field(default_factory=_secret, repr=False)
    csrf: str = field(default_factory=_secret, repr=False)


def protect(app: Flask, keys: Keys) -> None:
    """Put the five locks on every request of `app`."""
    app.config["TRUSTED_HOSTS"] = TRUSTED_HOSTS

    @app.before_request
    def refuse_strangers() -> None:
        host = request.host  # raises SecurityError for a name that is not this computer's
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _refuse_other_sites(host)
        if request.endpoint not in OPEN_ENDPOINTS:
            _refuse_without_session(keys)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _refuse_without_csrf(keys)

    @app.after_request
    def seal(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint not in ("static", "bootstrap.static", *LASTING_ENDPOINTS):
            response.headers["Cache-Control"] = "no-store"
        if g.get("admitted"):
            response.set_cookie(_cookie_name(), keys.session, httponly=True, samesite="Strict", path="/")
        return response


def _cookie_name() -> str:
    # Cookies ignore ports: two servers on one computer would overwrite each other's under one name.
    _, _, port = request.host.partition(":")
    return f"keepers-{port or '80'}"


def _refuse_other_sites(host: str) -> None:
    # Browsers always send Origin with a POST; a script without a browser may send neither.
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", f"http://{host}")
    if site != "same-origin" or origin != f"http://{host}":
        abort(403, "Another web page sent this; only the keepers page itself may.")


def _refuse_without_session(keys: Keys) -> None:
    if compare_digest(request.cookies.get(_cookie_name(), "").encode(), keys.session.encode()):
        return
    token = request.args.get("token", "")
    if request.endpoint == "index" and compare_digest(token.encode(), keys.link.encode()):
        g.admitted = True
        return
    abort(403, "Open the link that keepers printed; this address alone does not let you in.")


def _refuse_without_csrf(keys: Keys) -> None:
    if not compare_digest(request.headers.get(CSRF_HEADER, "").encode(), keys.csrf.encode()):
        abort(403, "The page is older than the server: reload it.")
