"""What Go.Data calls things: its columns, and the values of its reference data.

A value's name is made of its category and its words, which is why names are facts to be kept: an
installation that renamed a value keeps the name.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from fleet_server.interchange.records import Role, Tier

Kind: TypeAlias = Role | Literal["event", "relationship"]

_CATEGORY: Final = "LNG_REFERENCE_DATA_CATEGORY"
TYPES: Final[Mapping[Kind, str]] = {
    "F0": f"{_CATEGORY}_PERSON_TYPE_CASE",
    "F1": f"{_CATEGORY}_PERSON_TYPE_CONTACT",
    "F2": f"{_CATEGORY}_PERSON_TYPE_CONTACT_OF_CONTACT",
    "event": f"{_CATEGORY}_PERSON_TYPE_EVENT",
}
CERTAINTY: Final[Mapping[Tier, str]] = {
    "A": f"{_CATEGORY}_CERTAINTY_LEVEL_3_HIGH",
    "B": f"{_CATEGORY}_CERTAINTY_LEVEL_2_MEDIUM",
    "C": f"{_CATEGORY}_CERTAINTY_LEVEL_1_LOW",
    "": f"{_CATEGORY}_CERTAINTY_LEVEL_1_LOW",
}
RISK: Final[Mapping[Tier, str]] = {
    "A": f"{_CATEGORY}_RISK_LEVEL_3_HIGH",
    "B": f"{_CATEGORY}_RISK_LEVEL_2_MEDIUM",
    "C": f"{_CATEGORY}_RISK_LEVEL_1_LOW",
    "": "",
}
GENDER: Final[Mapping[str, str]] = {
    "male": f"{_CATEGORY}_GENDER_MALE",
    "female": f"{_CATEGORY}_GENDER_FEMALE",
}
DURATION: Final = (
    (60, f"{_CATEGORY}_EXPOSURE_DURATION_VERY_SHORT_SECONDS"),
    (3_600, f"{_CATEGORY}_EXPOSURE_DURATION_SHORT_MINUTES"),
    (86_400, f"{_CATEGORY}_EXPOSURE_DURATION_MEDIUM_HOURS"),
)
"""The kind of a duration under that many seconds."""
LONG: Final = f"{_CATEGORY}_EXPOSURE_DURATION_LONG_DAYS"
CONFIRMED: Final = f"{_CATEGORY}_CASE_CLASSIFICATION_CONFIRMED"
RESIDENCE: Final = f"{_CATEGORY}_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE"
_PERSON: Final = ("id", "visualId", "type", "firstName", "lastName", "gender", "dob")
_ADDRESS: Final = ("typeId", "addressLine1", "locationId", "phoneNumber")
_HOME: Final = tuple(f"addresses[].{name}" for name in _ADDRESS)
_CONTACT: Final = (
    *_PERSON,
    "dateOfReporting",
    "dateOfLastContact",
    "riskLevel",
    "riskReason",
    *_HOME,
)
COLUMNS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "F0": (*_PERSON, "dateOfReporting", "classification", "dateOfOnset", *_HOME),
    "F1": _CONTACT,
    "F2": _CONTACT,
    "event": (
        "id",
        "visualId",
        "type",
        "name",
        "date",
        "endDate",
        "dateApproximate",
        "dateOfReporting",
        "description",
        "address.addressLine1",
        "address.locationId",
    ),
    "relationship": (
        "persons[0].id",
        "persons[0].type",
        "persons[0].source",
        "persons[1].id",
        "persons[1].type",
        "persons[1].target",
        "contactDate",
        "contactDateEstimated",
        "certaintyLevelId",
        "exposureTypeId",
        "exposureDurationId",
        "clusterId",
        "comment",
    ),
}
"""Columns of each file as CSV; JSON nests what has dots and brackets."""


def duration(seconds: int) -> str:
    """Go.Data's kind of a duration."""
    return next((kind for below, kind in DURATION if seconds < below), LONG)
