"""The tables. Integer keys throughout; times in the database are UTC integers.

Columns ending in `_ms` are milliseconds since 1970, those ending in `_at` whole seconds.
"""

from fleet_server.models.access import AccessToken, AuditEntry
from fleet_server.models.accounts import (
    Account,
    AccountVenue,
    Attempt,
    BrowserSession,
    RecoveryCode,
)
from fleet_server.models.base import Base
from fleet_server.models.cards import CardBatch, CardBatchPiece, CardIdentity
from fleet_server.models.cases import (
    Case,
    CaseEvent,
    CaseExposure,
    CaseLook,
    CasePerson,
    FrozenResult,
    Milestone,
    NameOpening,
    OpenedName,
    SealedNumber,
    VaultMark,
)
from fleet_server.models.coverage import AreaWeek, CountedWeek, PlaceWeek
from fleet_server.models.fleet import Kiosk, Outage, Posting, Presence
from fleet_server.models.people import Credential, Link, Person, Pseudonym
from fleet_server.models.places import (
    Area,
    Gate,
    OpeningHours,
    Room,
    Venue,
    VenueReport,
    VenueType,
)
from fleet_server.models.rights import LetGoDay, RestrictedPerson, RightsRequest
from fleet_server.models.scans import (
    Alarm,
    Companions,
    RefusedRecord,
    Scan,
    ScanIdentity,
    ScanKey,
)
from fleet_server.models.visits import (
    ExposureRule,
    ImportedVisitor,
    OrphanExit,
    StaleVisits,
    UnsureStay,
    VenueStaff,
    VisitDay,
    VisitImport,
)

__all__ = [
    "AccessToken",
    "Account",
    "AccountVenue",
    "Alarm",
    "Area",
    "AreaWeek",
    "Attempt",
    "AuditEntry",
    "Base",
    "BrowserSession",
    "CardBatch",
    "CardBatchPiece",
    "CardIdentity",
    "Case",
    "CaseEvent",
    "CaseExposure",
    "CaseLook",
    "CasePerson",
    "Companions",
    "CountedWeek",
    "Credential",
    "ExposureRule",
    "FrozenResult",
    "Gate",
    "ImportedVisitor",
    "Kiosk",
    "LetGoDay",
    "Link",
    "Milestone",
    "NameOpening",
    "OpenedName",
    "OpeningHours",
    "OrphanExit",
    "Outage",
    "Person",
    "PlaceWeek",
    "Posting",
    "Presence",
    "Pseudonym",
    "RecoveryCode",
    "RefusedRecord",
    "RestrictedPerson",
    "RightsRequest",
    "Room",
    "Scan",
    "ScanIdentity",
    "ScanKey",
    "SealedNumber",
    "StaleVisits",
    "UnsureStay",
    "VaultMark",
    "Venue",
    "VenueReport",
    "VenueStaff",
    "VenueType",
    "VisitDay",
    "VisitImport",
]
