"""Each lock is tested by what it refuses."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import keepers.web
from keepers.web.security import CSRF_HEADER, HEADERS, Keys

PHOTO = "/api/assess?name=good.jpg"
WEB = Path(keepers.web.__file__).parent


def test_the_link_lets_in_and_becomes_a_cookie(stranger: FlaskClient, keys: Keys) -> None:
    response = stranger.get(f"/?token={keys.link}")
    assert response.status_code == 200
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("keepers-8421=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert keys.link not in cookie and keys.link not in response.text
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=guess", "/?token=%C3%BC", "/nothing"])
def test_without_the_link_nothing_is_shown(stranger: FlaskClient, path: str) -> None:
    response = stranger.get(path)
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers
    assert "Open the link" in response.text


def test_a_wrong_cookie_does_not_help(stranger: FlaskClient) -> None:
    stranger.set_cookie("keepers-8421", "guess", domain="127.0.0.1")
    assert stranger.get("/").status_code == 403


def test_the_token_opens_the_page_alone(stranger: FlaskClient, keys: Keys) -> None:
    response = stranger.post(f"{PHOTO}&token={keys.link}", data=b"x", headers={CSRF_HEADER: keys.csrf})
    assert response.status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8421", "localhost:8421"])
def test_this_computer_is_known_by_its_names(stranger: FlaskClient, host: str) -> None:
    assert stranger.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.7:8421", "localhost.evil", ""])
@pytest.mark.parametrize("path", ["/", "/healthz", "/static/app.js", "/nothing"])
def test_other_hosts_get_nothing(visitor: FlaskClient, host: str, path: str) -> None:
    response = visitor.get(path, environ_overrides={"HTTP_HOST": host, "SERVER_NAME": host or "evil.example"})
    assert response.status_code == 400
    assert "127.0.0.1 and localhost only" in response.text


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:8421"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8421"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_writes_of_other_pages_are_refused(visitor: FlaskClient, header: dict[str, str]) -> None:
    response = visitor.post(PHOTO, data=b"x", headers=header)
    assert response.status_code == 403
    assert "Another web page" in response.get_json()["error"]


@pytest.mark.parametrize("secret", ["", "guess", "ü"])
def test_a_write_needs_the_second_secret(visitor: FlaskClient, secret: str) -> None:
    response = visitor.post(PHOTO, data=b"x", environ_overrides={"HTTP_X_KEEPERS_CSRF": secret})
    assert response.status_code == 403
    assert "reload" in response.get_json()["error"]


def test_a_script_that_holds_both_secrets_may_write(visitor: FlaskClient) -> None:
    visitor.environ_base.pop("HTTP_ORIGIN")
    visitor.environ_base.pop("HTTP_SEC_FETCH_SITE")
    assert visitor.post(PHOTO, data=b"x").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/static/app.js", "/static/", "/nothing", "/bootstrap/static/css/bootstrap.min.css"]
)
def test_every_answer_is_sealed(visitor: FlaskClient, path: str) -> None:
    with visitor.get(path) as response:
        assert HEADERS.items() <= dict(response.headers).items()


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/../page.py",
        "/static/%2e%2e/page.py",
        "/bootstrap/static/",
        "/templates/index.html",
    ],
)
def test_no_listing_and_no_way_out(visitor: FlaskClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_policy_allows_nothing_inline_and_the_page_needs_nothing_inline(app: Flask) -> None:
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    page = (WEB / "templates" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", page)


def test_the_page_loads_only_from_here(visitor: FlaskClient) -> None:
    page = visitor.get("/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses and all(address.startswith("/") for address in addresses)
    for address in addresses:
        with visitor.get(address) as response:
            assert response.status_code == 200, address


def test_secrets_are_long_differ_and_are_not_printed() -> None:
    keys = Keys()
    secrets = {keys.link, keys.session, keys.csrf}
    assert len(secrets) == 3 and min(map(len, secrets)) >= 43
    assert not any(secret in repr(keys) for secret in secrets)
