"""The web application: pages and API over one database."""

import datetime as dt
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.api import v1
from fleet_server.auth.attempts import Attempts
from fleet_server.cases.desk import Vault
from fleet_server.identity.vault_client import VaultClient
from fleet_server.settings import Settings
from fleet_server.web import (
    access,
    errors,
    formats,
    headers,
    health,
    language,
    navigation,
    site,
)
from fleet_server.web.account import sign_in, start
from fleet_server.web.fleet import kiosks
from fleet_server.web.report import coverage
from fleet_server.web.site import Site
from fleet_server.web.venue import log, overview

SESSION = dt.timedelta(hours=12)
"""How long a browser stays signed in without being used; never beyond its token."""
MAX_REQUEST_BYTES = 64 * 1024


def create_app(
    settings: Settings,
    *,
    engine: Engine | None = None,
    session_key: bytes | None = None,
    clock: Callable[[], float] = time.time,
    vault: Vault | None = None,
) -> Flask:
    """The application. Raises `access.Undeclared` where a view does not say who may call it.

    Without a `session_key` one is made for this process: browsers sign in again after a restart.
    """
    app = Flask("fleet_server.web", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=session_key or secrets.token_bytes(32),
        SESSION_COOKIE_NAME="tram_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=bool(settings.web.certificate),
        PERMANENT_SESSION_LIFETIME=SESSION,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
    )
    engine = engine or database.connect(settings.database_url)
    vault = vault or VaultClient(settings.vault_socket)
    site.install(app, Site(settings, engine, Attempts(), clock, vault))
    for module in (start, sign_in, log, overview, kiosks, coverage, health):
        app.register_blueprint(module.pages)
    for pages in v1.PAGES:
        app.register_blueprint(pages)
    access.public("styles and scripts hold nothing of anybody")(app.view_functions["static"])
    language.install(app)
    formats.install(app)
    navigation.install(app)
    headers.install(app)
    errors.install(app)
    access.guard(app)
    return app
