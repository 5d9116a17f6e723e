"""A browser, and the sample shoot under review in it; modules with other pages have fixtures of their own."""

from collections.abc import Iterator
from typing import Any

import pytest

import browsing
from keepers import sample
from review_served import Served
from review_tab import ready


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample shoot under review, culled once for all tests."""
    place = tmp_path_factory.mktemp("review")
    sample.make(place / "shoot")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEEPERS_CACHE", str(place / "cache"))
        with Served(place / "shoot", place / "catalog.db") as running:
            running.wait()
            yield running


@pytest.fixture
def link(served: Served) -> str:
    """The link of the shoot, of which nothing is decided."""
    served.forget()
    return served.link


@pytest.fixture
def tab(chromium: Any, link: str) -> Iterator[Any]:
    with browsing.tab(chromium, link) as opened:
        yield ready(opened)
