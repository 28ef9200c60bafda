"""Published layouts that our files are held against: facts, with where they are published.

Go.Data: github.com/WorldHealthOrganization/GoDataSource-API. SORMAS:
github.com/SORMAS-Foundation/SORMAS-Project. Names and values only; the newest version of a file is
not always the one that was read, so a name here has been one, and may have company since.
"""

# --- Go.Data ---------------------------------------------------------------------------------

# common/models/case.js, Case.fieldLabelsMap, and exportFieldsOrder for the id
GODATA_CASE = frozenset(
    [
        "id",
        "visualId",
        "type",
        "firstName",
        "middleName",
        "lastName",
        "gender",
        "occupation",
        "age",
        "age.years",
        "age.months",
        "dob",
        "classification",
        "dateBecomeCase",
        "wasContact",
        "dateOfInfection",
        "dateOfOnset",
        "isDateOfOnsetApproximate",
        "dateOfReporting",
        "isDateOfReportingApproximate",
        "riskLevel",
        "riskReason",
        "outcomeId",
        "dateOfOutcome",
        "addresses[].typeId",
        "addresses[].country",
        "addresses[].city",
        "addresses[].addressLine1",
        "addresses[].postalCode",
        "addresses[].locationId",
        "addresses[].date",
        "addresses[].phoneNumber",
        "addresses[].emailAddress",
    ]
)
# common/models/contact.js, Contact.fieldLabelsMap; contact-of-contact.json extends the same person
GODATA_CONTACT = frozenset(
    [
        "id",
        "visualId",
        "type",
        "firstName",
        "middleName",
        "lastName",
        "gender",
        "occupation",
        "age",
        "age.years",
        "age.months",
        "dob",
        "wasCase",
        "dateBecomeContact",
        "dateOfReporting",
        "isDateOfReportingApproximate",
        "dateOfLastContact",
        "riskLevel",
        "riskReason",
        "outcomeId",
        "dateOfOutcome",
        "addresses[].typeId",
        "addresses[].country",
        "addresses[].city",
        "addresses[].addressLine1",
        "addresses[].postalCode",
        "addresses[].locationId",
        "addresses[].date",
        "addresses[].phoneNumber",
        "addresses[].emailAddress",
    ]
)
# common/models/event.js, Event.fieldLabelsMap; dateApproximate from common/models/event.json
GODATA_EVENT = frozenset(
    [
        "id",
        "visualId",
        "type",
        "name",
        "date",
        "endDate",
        "dateApproximate",
        "dateOfReporting",
        "isDateOfReportingApproximate",
        "description",
        "eventCategory",
        "address.typeId",
        "address.country",
        "address.city",
        "address.addressLine1",
        "address.postalCode",
        "address.locationId",
        "address.date",
        "address.phoneNumber",
        "address.emailAddress",
    ]
)
# common/models/relationship.js, Relationship.fieldLabelsMap
GODATA_RELATIONSHIP = frozenset(
    [
        "persons[].id",
        "persons[].type",
        "persons[].source",
        "persons[].target",
        "contactDate",
        "contactDateEstimated",
        "certaintyLevelId",
        "exposureTypeId",
        "exposureFrequencyId",
        "exposureDurationId",
        "socialRelationshipTypeId",
        "clusterId",
        "comment",
    ]
)
# "required" in common/models/case.json, contact.json, contact-of-contact.json, event.json and
# relationship.json, without what Go.Data fills in itself
GODATA_REQUIRED = {
    "F0": frozenset({"classification"}),
    "F1": frozenset({"type", "firstName"}),
    "F2": frozenset({"type", "firstName"}),
    "event": frozenset({"type", "name"}),
    "relationship": frozenset({"persons", "contactDate", "certaintyLevelId"}),
}
# Cases in server/install/scripts/develop/populateWithDummyData.js; the others as the scope of
# common/models/contact.json, contact-of-contact.json and event.json
GODATA_TYPES = frozenset(
    {
        "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE",
        "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT",
        "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT_OF_CONTACT",
        "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_EVENT",
    }
)
# server/install/scripts/defaultReferenceData.json: the words of each category
GODATA_REFERENCE = {
    "CASE_CLASSIFICATION": ("Confirmed", "Probable", "Suspect", "Not a case (discarded)"),
    "GENDER": ("Male", "Female"),
    "EXPOSURE_TYPE": (
        "Touched Body Fluids",
        "Direct Physical contact",
        "Touched Or Shared Linens, Clothes, Dishes",
        "Slept, Ate Or Spend Time In Same Household",
    ),
    "EXPOSURE_DURATION": (
        "Very Short (seconds)",
        "Short (minutes)",
        "Medium (hours)",
        "Long (days)",
    ),
    "CERTAINTY_LEVEL": ("1 - Low", "2 - Medium", "3 - High"),
    "RISK_LEVEL": ("1 - Low", "2 - Medium", "3 - High"),
    "ADDRESS_TYPE": ("Usual Place of Residence", "Previous Usual Place of Residence", "Other"),
}
# Spelled out in server/install/scripts/develop/populateWithDummyData.js: what the words must give
GODATA_SPELLED = frozenset(
    {
        "LNG_REFERENCE_DATA_CATEGORY_CERTAINTY_LEVEL_1_LOW",
        "LNG_REFERENCE_DATA_CATEGORY_CERTAINTY_LEVEL_2_MEDIUM",
        "LNG_REFERENCE_DATA_CATEGORY_CERTAINTY_LEVEL_3_HIGH",
        "LNG_REFERENCE_DATA_CATEGORY_RISK_LEVEL_1_LOW",
        "LNG_REFERENCE_DATA_CATEGORY_RISK_LEVEL_2_MEDIUM",
        "LNG_REFERENCE_DATA_CATEGORY_RISK_LEVEL_3_HIGH",
        "LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_DURATION_LONG_DAYS",
        "LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_DURATION_MEDIUM_HOURS",
        "LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_DURATION_SHORT_MINUTES",
        "LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_DURATION_VERY_SHORT_SECONDS",
        "LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE",
        "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE",
        "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_NOT_A_CASE_DISCARDED",
    }
)


def godata_name(category: str, words: str) -> str:
    """How common/models/reference-data.js names a value: the category, and the words in capitals.

    Every run of what is neither letter nor digit becomes one underscore.
    """
    letters = "".join(character if character.isalnum() else " " for character in words)
    return f"LNG_REFERENCE_DATA_CATEGORY_{category}_{'_'.join(letters.split()).upper()}"


GODATA_VALUES = frozenset(
    godata_name(category, words)
    for category, values in GODATA_REFERENCE.items()
    for words in values
)

# --- SORMAS ----------------------------------------------------------------------------------

# sormas-ui/src/test/resources/sormas_contact_import_test_vaccinations.csv: the class row says
# Contact over every property of contact and person alike
SORMAS_CONTACT_CLASS = "Contact"
# ... and sormas_contact_import_test.csv: columns in its header row
SORMAS_CONTACT_HEADER = [
    "caseIdExternalSystem",
    "caseOrEventInformation",
    "disease",
    "diseaseDetails",
    "reportDateTime",
    "region",
    "district",
    "lastContactDate",
    "person.firstName",
    "person.lastName",
    "person.sex",
    "person.birthdateDD",
    "person.birthdateMM",
    "person.birthdateYYYY",
]
# sormas-api/.../contact/ContactDto.java
SORMAS_CONTACT = frozenset(
    [
        "caseIdExternalSystem",
        "caseOrEventInformation",
        "disease",
        "diseaseDetails",
        "reportDateTime",
        "reportLat",
        "reportLon",
        "region",
        "district",
        "community",
        "multiDayContact",
        "firstContactDate",
        "lastContactDate",
        "contactIdentificationSource",
        "contactIdentificationSourceDetails",
        "tracingApp",
        "tracingAppDetails",
        "contactProximity",
        "contactProximityDetails",
        "contactCategory",
        "contactClassification",
        "contactStatus",
        "followUpStatus",
        "description",
        "relationToCase",
        "relationDescription",
        "externalID",
        "highPriority",
        "additionalDetails",
    ]
)
# sormas-api/.../person/PersonDto.java
SORMAS_PERSON = frozenset(
    [
        "firstName",
        "lastName",
        "sex",
        "birthdateDD",
        "birthdateMM",
        "birthdateYYYY",
        "approximateAge",
        "phone",
        "emailAddress",
        "address",
        "externalId",
        "passportNumber",
        "nationalHealthId",
        "additionalDetails",
    ]
)
# sormas-api/.../location/LocationDto.java
SORMAS_LOCATION = frozenset(
    [
        "details",
        "city",
        "areaType",
        "country",
        "region",
        "district",
        "community",
        "latitude",
        "longitude",
        "postalCode",
        "street",
        "houseNumber",
        "additionalInformation",
        "addressType",
        "facilityType",
        "facility",
        "facilityDetails",
    ]
)
# sormas-api/.../event/EventDto.java; eventTitle from sormas_event_import_test_success.csv
SORMAS_EVENT = frozenset(
    [
        "eventStatus",
        "externalId",
        "eventTitle",
        "eventDesc",
        "nosocomial",
        "startDate",
        "endDate",
        "reportDateTime",
        "eventLocation",
        "typeOfPlace",
        "typeOfPlaceText",
        "srcType",
        "disease",
        "diseaseDetails",
    ]
)
# sormas_event_import_test_success.csv: the class over a column, by how its path begins
SORMAS_EVENT_CLASSES = {"eventLocation.": "Location", "": "Event"}
# sormas_eventparticipant_import_test_success.csv: one class over all, and these columns
SORMAS_PARTICIPANT_CLASS = "EventParticipant"
SORMAS_PARTICIPANT_HEADER = [
    "person.firstName",
    "person.lastName",
    "involvementDescription",
    "region",
    "district",
]
# The enums of sormas-api: ContactIdentificationSource, TracingApp, Sex, TypeOfPlace; EventStatus
# since POSSIBLE, CONFIRMED and NO_EVENT were given up (EventDto.build sets SIGNAL, the test file
# has EVENT); ContactClassification as ContactDto.build sets it; of Disease what PersonDto names
SORMAS_ENUMS = {
    "contactIdentificationSource": frozenset(
        ["CASE_PERSON", "CONTACT_PERSON", "TRACING_APP", "OTHER", "UNKNOWN"]
    ),
    "tracingApp": frozenset(["CORONA_WARN_APP", "OTHER", "UNKNOWN"]),
    "person.sex": frozenset(["MALE", "FEMALE", "OTHER", "UNKNOWN"]),
    "typeOfPlace": frozenset(
        [
            "FACILITY",
            "FESTIVITIES",
            "HOME",
            "MEANS_OF_TRANSPORT",
            "PUBLIC_PLACE",
            "SCATTERED",
            "UNKNOWN",
            "OTHER",
        ]
    ),
    "eventStatus": frozenset(["SIGNAL", "EVENT", "SCREENING", "CLUSTER", "DROPPED"]),
    "contactClassification": frozenset({"UNCONFIRMED"}),
    "disease": frozenset({"CORONAVIRUS", "OTHER", "UNDEFINED"}),
}
# sormas_event_import_test_success.csv: dates as 02/28/2021
SORMAS_DATE = r"\d\d/\d\d/\d{4}"
# sormas-api/.../utils/FieldConstraints.java: CHARACTER_LIMIT_SMALL, _DEFAULT, _BIG
SORMAS_LIMITS = (255, 512, 4096)
# sormas-api/.../utils/CSVCommentLineValidator.java: such a line is skipped
SORMAS_COMMENT = "##"
