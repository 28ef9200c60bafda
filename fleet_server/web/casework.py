"""Whoever asks, at the desk where cases are worked on: for pages and API alike."""

from fleet_server.cases.acting import Actor
from fleet_server.cases.desk import CaseDesk
from fleet_server.web.access import caller
from fleet_server.web.site import site


def desk() -> CaseDesk:
    """The desk of whoever asks."""
    here = site()
    return CaseDesk(
        here.engine,
        here.vault,
        actor(),
        here.now_ms(),
        here.settings.zone,
        here.settings.privacy,
    )


def actor() -> Actor:
    """Whoever asks, as cases know them."""
    return Actor.of(caller())
