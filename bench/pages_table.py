"""The pages that `make bench-pages` measures, each for the role that uses it.

A new page is one line here, or in LEFT_OUT with why not. Paths take what `pages_load.fill` made:
{venue} {kiosk} {case} {contact} {result} {login}.
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
    Page("own_codes.page", "/account/codes", Role.TRACER),
    Page("venue_overview.page", "/venues/{venue}", Role.VENUE_MANAGER),
    Page("venue_log.page", "/venues/{venue}/log", Role.VENUE_MANAGER),
    Page("venue_log.new", "/venues/{venue}/log/new?after=0", Role.VENUE_MANAGER),
    Page("venue_settings.page", "/venues/{venue}/settings", Role.VENUE_MANAGER),
    Page("venue_staff.page", "/venues/{venue}/staff", Role.VENUE_MANAGER),
    Page("venue_tell.page", "/venues/{venue}/tell", Role.VENUE_MANAGER),
    Page("fleet_kiosks.page", "/fleet", Role.FLEET_OPERATOR),
    Page("fleet_kiosks.kiosk", "/fleet/kiosks/{kiosk}", Role.FLEET_OPERATOR),
    Page("report_coverage.page", "/coverage", Role.AUDITOR),
    Page("case_list.page", "/cases", Role.TRACER),
    Page("case_overview.page", "/cases/{case}", Role.TRACER),
    Page("case_people.page", "/cases/{case}/people", Role.TRACER),
    Page("case_milestones.page", "/cases/{case}/milestones", Role.TRACER),
    Page("case_contacts.page", "/cases/{case}/contacts", Role.TRACER),
    Page("case_contacts.contact", "/cases/{case}/contacts/{contact}", Role.TRACER),
    Page("case_spread.page", "/cases/{case}/spread", Role.TRACER),
    Page("case_shared.page", "/cases/{case}/shared", Role.TRACER),
    Page("case_preview.page", "/cases/{case}/preview", Role.TRACER),
    Page("case_names.page", "/cases/{case}/names", Role.TRACER),
    Page("case_calls.page", "/cases/{case}/calls", Role.TRACER),
    Page("case_files.page", "/cases/{case}/files", Role.TRACER),
    Page("case_told.page", "/told", Role.TRACER),
    Page("case_mine.page", "/my-record", Role.TRACER),
    Page("case_approvals.page", "/approvals", Role.TRACING_SUPERVISOR),
    Page("case_results.page", "/cases/{case}/results", Role.TRACER),
    Page("case_results.result", "/cases/{case}/results/{result}", Role.TRACER),
    Page("desk_cards.page", "/desk", Role.VISITOR_DESK),
    Page("desk_batches.page", "/desk/batches", Role.VISITOR_DESK),
    Page("desk_revoking.page", "/desk/revoke", Role.VISITOR_DESK),
    Page("desk_requests.page", "/desk/requests", Role.VISITOR_DESK),
    Page("desk_requests.new", "/desk/requests/new", Role.VISITOR_DESK),
    Page("desk_privacy.page", "/privacy", Role.VISITOR_DESK),
    Page("admin_people.page", "/admin", Role.ADMINISTRATOR),
    Page("admin_people.new", "/admin/people/new", Role.ADMINISTRATOR),
    Page("admin_people.person", "/admin/people/{login}", Role.ADMINISTRATOR),
    Page("admin_roles.page", "/admin/roles", Role.ADMINISTRATOR),
    Page("admin_codes.page", "/admin/codes", Role.ADMINISTRATOR),
    Page("admin_areas.page", "/admin/areas", Role.ADMINISTRATOR),
    Page("admin_venue_types.page", "/admin/venue-types", Role.ADMINISTRATOR),
    Page("admin_rules.page", "/admin/rules", Role.ADMINISTRATOR),
    Page("admin_rules.settings", "/admin/settings", Role.ADMINISTRATOR),
    Page("audit_log.page", "/audit", Role.AUDITOR),
    Page("audit_openings.page", "/audit/openings", Role.AUDITOR),
    Page("audit_verify.page", "/audit/verify", Role.AUDITOR),
)

LEFT_OUT: Final = {
    **dict.fromkeys(("report_coverage.pdf", "report_coverage.xlsx", "static"), "a file"),
    **dict.fromkeys(("venue_log.export", "desk_batches.cards", "desk_batches.template"), "a file"),
    **dict.fromkeys(("desk_batches.batch", "desk_batches.state"), "one batch by its number"),
    "desk_requests.request_": "one request by its number",
    "admin_areas.area": "one area by its code",
    "health.page": "for machines",
    **dict.fromkeys(("sign_in.page", "sign_in.code"), "nobody is signed in: no query of a role's"),
    **dict.fromkeys(("password.page", "second_factor.page"), "one form, once"),
}
"""Why a page is not measured, by its endpoint."""
