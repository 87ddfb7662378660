"""The issuer with two accounts, and a browser before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from embedded.issuer.settings import IssuerSettings
from embedded.issuer.web import make_app
from tests.support.issuer_browser import ACCOUNTS, CALLBACK, URL, Browser, Times


@pytest.fixture
def settings(tmp_path: Path) -> IssuerSettings:
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps(ACCOUNTS), encoding="utf-8")
    return IssuerSettings(
        bind="127.0.0.1:0",
        url=URL,
        audience="sangkien",
        data=tmp_path / "data",
        accounts=accounts,
        operator_secret="operator-secret",
        redirect_uris=(CALLBACK,),
    )


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def app(settings: IssuerSettings, times: Times) -> Iterator[Flask]:
    app = make_app(settings, monotonic=times.now)
    yield app
    app.config["ISSUER"].store.close()


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())
