"""The fleet: which kiosks do not work, since when and why; one kiosk in detail."""

import datetime as dt
from collections import Counter
from typing import Final
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from sqlalchemy import ColumnElement

from fleet_server.auth.permissions import Permission
from fleet_server.reports import kiosk_states, venue_kiosks
from fleet_server.reports.kiosk_states import ORDER, KioskState, Which
from fleet_server.times import day_bounds, local
from fleet_server.web import charts
from fleet_server.web.access import caller, permission
from fleet_server.web.language import say
from fleet_server.web.paging import Shown
from fleet_server.web.site import site

PAGE: Final = 50
DAYS: Final = 7
"""Shown of one kiosk."""
WORDS: Final = {
    "silent": ("Mất liên lạc", "Silent", "bad"),
    "disconnected": ("Đã tắt", "Switched off", "bad"),
    "undelivered": ("Chưa gửi hết", "Not all delivered", "warn"),
    "never_heard": ("Chưa từng liên lạc", "Never heard of", "warn"),
    "unposted": ("Chưa đặt ở đâu", "Posted nowhere", "info"),
    "works": ("Hoạt động", "Works", "good"),
}
"""Vietnamese, English, kind of badge."""

pages = Blueprint("fleet_kiosks", __name__)


@pages.get("/fleet")
@permission(Permission.FLEET)
def page() -> str:
    """Those in trouble first; `state`, `area` and `venue` narrow, `offset` goes on."""
    which = Which(*(request.args.get(name) or None for name in ("state", "area", "venue")))
    part = Shown.of(request.args, PAGE)
    found = site().kept.get(
        ("kiosks", caller().area_id, which.area, which.venue),
        lambda: _listed(which._replace(state=None)),
    )
    counts = Counter(each.state for each in found)
    shown = [each for each in found if which.state in (None, each.state)]
    kept = {name: value for name, value in which._asdict().items() if value}

    return render_template(
        "fleet_kiosks.html",
        which=which,
        words=WORDS,
        counts=counts,
        states=[(state, say(*WORDS[state][:2])) for state in ORDER],
        kiosks=part.some(shown),
        newer=part.newer("fleet_kiosks.page", **kept),
        older=part.older("fleet_kiosks.page", len(shown), **kept),
        kept=kept,
    )


@pages.get("/fleet/kiosks/<kiosk>")
@permission(Permission.FLEET)
def kiosk(kiosk: str) -> str:
    """How it does now, and when it scanned and was away in the last two days."""
    now = site().now()
    with site().engine.connect() as connection:
        each = kiosk_states.one(connection, kiosk, now=now, reach=_reach())
        hours = site().kept.get(
            ("hours", kiosk), lambda: kiosk_states.hours(connection, kiosk, now=now)
        )
        alarms = kiosk_states.alarms(connection, kiosk)
        zone = site().settings.zone
        days = [local(now, zone).date() - dt.timedelta(days=back) for back in range(DAYS)]
        away = kiosk_states.away(connection, each, since=day_bounds(days[-1], zone)[0], now=now)
        refused = venue_kiosks.refusals(each.health)
    marked = [(each.since, each.until or now) for each in away]
    return render_template(
        "fleet_kiosk.html",
        each=each,
        words=WORDS,
        hourly=charts.bars(
            [(_hour(hour.at, zone), hour.scans - hour.late, hour.scans) for hour in hours]
        ),
        scans=sum(hour.scans for hour in hours),
        late=sum(hour.late for hour in hours),
        away=away,
        days=[
            charts.strip(f"{day:%d/%m}", day_bounds(day, zone), marked, until=now) for day in days
        ],
        alarms=alarms,
        refused=refused,
    )


def _hour(at: int, zone: ZoneInfo) -> str:
    """`14`, and at midnight the date."""
    there = local(at, zone)
    return f"{there:%d/%m}" if there.hour == 0 else str(there.hour)


def _reach() -> ColumnElement[bool] | None:
    """Nobody sees beyond their own area; who works everywhere sees kiosks without a place, too."""
    return None if caller().area_id is None else caller().reaches()


def _listed(which: Which) -> list[KioskState]:
    with site().engine.connect() as connection:
        return kiosk_states.listed(connection, now=site().now(), which=which, reach=_reach())
