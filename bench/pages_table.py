"""The pages that `make bench-pages` measures, each for the role that uses it.

A new page is one line here, or in LEFT_OUT with why not. Paths take what `pages_load.fill` made:
{venue} {kiosk} {case} {contact} {result}.
"""

from typing import Final, NamedTuple

from fleet_server.auth.permissions import Role


class Page(NamedTuple):
    """A page by its endpoint."""

    name: str
    path: str
    role: Role


PAGES: Final = (
    Page("start.page", "/", Role.TRACER),
    Page("mine.page", "/account", Role.TRACER),
    Page("venue_overview.page", "/venues/{venue}", Role.VENUE_MANAGER),
    Page("venue_log.page", "/venues/{venue}/log", Role.VENUE_MANAGER),
    Page("venue_log.new", "/venues/{venue}/log/new?after=0", Role.VENUE_MANAGER),
    Page("fleet_kiosks.page", "/fleet", Role.FLEET_OPERATOR),
    Page("fleet_kiosks.kiosk", "/fleet/kiosks/{kiosk}", Role.FLEET_OPERATOR),
    Page("report_coverage.page", "/coverage", Role.AUDITOR),
    Page("case_list.page", "/cases", Role.TRACER),
    Page("case_overview.page", "/cases/{case}", Role.TRACER),
    Page("case_people.page", "/cases/{case}/people", Role.TRACER),
    Page("case_milestones.page", "/cases/{case}/milestones", Role.TRACER),
    Page("case_contacts.page", "/cases/{case}/contacts", Role.TRACER),
    Page("case_contacts.contact", "/cases/{case}/contacts/{contact}", Role.TRACER),
    Page("case_preview.page", "/cases/{case}/preview", Role.TRACER),
    Page("case_results.page", "/cases/{case}/results", Role.TRACER),
    Page("case_results.result", "/cases/{case}/results/{result}", Role.TRACER),
)

LEFT_OUT: Final = {
    **dict.fromkeys(("report_coverage.pdf", "report_coverage.xlsx", "static"), "a file"),
    "health.page": "for machines",
    **dict.fromkeys(("sign_in.page", "sign_in.code"), "nobody is signed in: no query of a role's"),
    **dict.fromkeys(("password.page", "second_factor.page"), "one form, once"),
}
"""Why a page is not measured, by its endpoint."""
