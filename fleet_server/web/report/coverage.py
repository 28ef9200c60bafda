"""The weekly report on coverage: page, PDF, XLSX. The first thing on it is who is silent."""

import io
from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from fleet_server.auth.permissions import Permission
from fleet_server.errors import NotKnown
from fleet_server.fleet import areas
from fleet_server.interchange import table_xlsx
from fleet_server.models import Area, CountedWeek
from fleet_server.reports import coverage, coverage_words, weeks
from fleet_server.reports.coverage_lines import Coverage
from fleet_server.reports.weeks import Week
from fleet_server.web import charts
from fleet_server.web.access import caller, permission
from fleet_server.web.site import site

SHOWN: Final = 200
"""Silent places on the page; all are in the tables."""

pages = Blueprint("report_coverage", __name__)


@pages.get("/coverage")
@permission(Permission.COVERAGE)
def page() -> str:
    with site().engine.connect() as connection:
        counted = _counted(connection)
        found = _report(connection, counted) if counted else None
    if found is None:
        return render_template("coverage.html", report=None)
    trend = [(f"{each.monday:%d/%m}", each.shares.active or 0) for each in found.trend]
    return render_template(
        "coverage.html",
        report=found,
        weeks=[(week.name, week.name) for week in counted],
        title=coverage_words.title(found),
        period=coverage_words.period(found),
        as_of=coverage_words.as_of(found, site().settings.zone),
        silence=coverage_words.silence(found),
        targets=[(each, coverage_words.target(each)) for each in found.area.targets],
        named=coverage_words.named,
        most=SHOWN,
        trend=charts.bars([(label, share, share) for label, share in trend]),
    )


@pages.get("/coverage.pdf")
@permission(Permission.COVERAGE)
def pdf() -> Response:
    from fleet_server.reports import coverage_pdf  # noqa: PLC0415  loads fpdf2

    found = _asked()
    content = coverage_pdf.pdf(found, zone=site().settings.zone)
    return _file(content, "application/pdf", f"bao-phu-{found.week}.pdf")


@pages.get("/coverage.xlsx")
@permission(Permission.COVERAGE)
def xlsx() -> Response:
    from fleet_server.reports import coverage_xlsx  # noqa: PLC0415  loads openpyxl

    found, out = _asked(), io.BytesIO()
    coverage_xlsx.write(out, found, zone=site().settings.zone)
    return _file(out.getvalue(), table_xlsx.MEDIA_TYPE, f"bao-phu-{found.week}.xlsx")


def _asked() -> Coverage:
    with site().engine.connect() as connection:
        counted = _counted(connection)
        if not counted:
            raise NotKnown("chưa đếm tuần nào / no week was counted yet: fleet report coverage")
        return _report(connection, counted)


def _counted(connection: Connection) -> list[Week]:
    """The weeks there are figures of, newest first; so many as a trend has."""
    numbers = connection.scalars(
        select(CountedWeek.week).order_by(CountedWeek.week.desc()).limit(coverage.TREND_WEEKS)
    )
    return [Week(number) for number in numbers]


def _report(connection: Connection, counted: list[Week]) -> Coverage:
    """The week and area in the address; the newest, and the caller's own area or all."""
    name = request.args.get("week")
    week = weeks.parse(name) if name else counted[0]
    area = _area(connection, request.args.get("area") or None)
    settings = site().settings
    return site().kept.get(
        ("coverage", week, area),
        lambda: coverage.report(
            connection,
            week,
            area=area,
            zone=settings.zone,
            full_types=settings.reports.full_types,
        ),
    )


def _area(connection: Connection, code: str | None) -> str | None:
    """Nobody sees beyond their own area. Raises NotKnown."""
    own = caller().area_id
    if own is None:
        return code
    if code is None:
        return connection.scalar(select(Area.code).where(Area.id == own))
    if not areas.within(connection, areas.in_force(connection, code), own):
        raise NotKnown(f"{code[:16]!r}: ngoài địa bàn của bạn / lies outside your area")
    return code


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
