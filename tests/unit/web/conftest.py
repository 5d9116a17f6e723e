from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from keepers.web import create_app
from keepers.web.security import CSRF_HEADER, Keys
from web_fakes import LIMIT, assess


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def app(keys: Keys) -> Flask:
    return create_app(assess, preview=lambda name, data: "data:image/jpeg;base64,AA", keys=keys, body_limit=LIMIT)


class Browser(FlaskClient):
    """A client that is at the address `keepers serve` prints."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", "http://127.0.0.1:8421")
        return super().open(*args, **kwargs)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser on this computer that has not opened the link."""
    app.test_client_class = Browser
    return app.test_client()


@pytest.fixture
def visitor(stranger: FlaskClient, keys: Keys) -> FlaskClient:
    """A browser that has opened the link; its writes carry what the page's script sends."""
    assert stranger.get(f"/?token={keys.link}").status_code == 200
    stranger.environ_base |= {
        "HTTP_" + CSRF_HEADER.upper().replace("-", "_"): keys.csrf,
        "HTTP_ORIGIN": "http://127.0.0.1:8421",
        "HTTP_SEC_FETCH_SITE": "same-origin",
    }
    return stranger
