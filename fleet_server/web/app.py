"""The web application: pages and API over one database."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from fleet_server import database
from fleet_server.api import v1
from fleet_server.auth.door import Door
from fleet_server.auth.passwords import Passwords
from fleet_server.auth.second_factor import SecretSeal
from fleet_server.auth.sessions import Lasts
from fleet_server.identity.vault_client import VaultClient
from fleet_server.settings import Settings
from fleet_server.web import (
    access,
    addresses,
    cookies,
    errors,
    formats,
    headers,
    health,
    language,
    navigation,
    site,
)
from fleet_server.web.account import codes as own_codes
from fleet_server.web.account import mine, password, second_factor, sign_in, start
from fleet_server.web.admin import areas as admin_areas
from fleet_server.web.admin import codes as admin_codes
from fleet_server.web.admin import people as admin_people
from fleet_server.web.admin import roles as admin_roles
from fleet_server.web.admin import rules as admin_rules
from fleet_server.web.admin import venue_types as admin_venue_types
from fleet_server.web.audit import log as audit_log
from fleet_server.web.audit import openings as audit_openings
from fleet_server.web.audit import verify as audit_verify
from fleet_server.web.case import (
    approvals,
    calls,
    cases,
    contacts,
    files,
    milestones,
    names,
    people,
    results,
    shared,
    spread,
    told,
)
from fleet_server.web.case import mine as case_mine
from fleet_server.web.case import overview as case_overview
from fleet_server.web.case import preview as case_preview
from fleet_server.web.desk import answers as desk_answers
from fleet_server.web.desk import batches as desk_batches
from fleet_server.web.desk import cards as desk_cards
from fleet_server.web.desk import privacy as desk_privacy
from fleet_server.web.desk import requests as desk_requests
from fleet_server.web.desk import revoking as desk_revoking
from fleet_server.web.fleet import kiosks
from fleet_server.web.kept import Kept
from fleet_server.web.report import coverage
from fleet_server.web.site import Site, Vault
from fleet_server.web.venue import log, overview, tell
from fleet_server.web.venue import settings as venue_settings
from fleet_server.web.venue import staff as venue_staff

MAX_REQUEST_BYTES = 64 * 1024

PAGES = (
    *(start, sign_in, password, second_factor, mine, own_codes),
    *(log, overview, venue_settings, venue_staff, tell),
    *(kiosks,),
    *(coverage,),
    *(cases, case_overview, people, milestones, contacts, case_preview, results),
    *(names, approvals, calls, files, told, case_mine, spread, shared),
    *(audit_log, audit_openings, audit_verify),
    *(desk_cards, desk_batches, desk_revoking, desk_requests, desk_answers, desk_privacy),
    *(admin_people, admin_roles, admin_codes, admin_areas, admin_rules, admin_venue_types),
    *(health,),
)


def create_app(
    settings: Settings,
    *,
    engine: Engine | None = None,
    session_key: bytes | None = None,
    clock: Callable[[], float] = time.time,
    vault: Vault | None = None,
    keep_s: float = 0,
) -> Flask:
    """The application. Raises `access.Undeclared` where a view does not say who may call it.

    `keep_s`: how old figures of the whole fleet may be, seconds. Without a `session_key` one is
    made for this process: no second factor set up before works.
    """
    app = Flask("fleet_server.web", root_path=str(Path(__file__).parent))
    key, accounts = session_key or secrets.token_bytes(32), settings.accounts
    app.config.update(SECRET_KEY=key, MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES)
    if settings.web.proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    tls = bool(settings.web.certificate) or settings.web.proxy
    cookies.install(app, tls=tls, hours=accounts.session_hours)
    engine = engine or database.connect(settings.database_url)
    vault = vault or VaultClient(settings.vault_socket)
    lasts = Lasts(accounts.session_hours * 3600, accounts.idle_minutes * 60)
    door = Door(engine, Passwords(accounts), SecretSeal(key), lasts)
    site.install(app, Site(settings, engine, door, clock, vault, Kept(keep_s)))
    addresses.install(app)
    for module in PAGES:
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
