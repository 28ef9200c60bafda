"""What can go wrong on the fleet server, by who must act."""


class FleetError(Exception):
    """Base of all errors the fleet server raises; its text is fit for a terminal."""


class SettingsError(FleetError, ValueError):
    """The administrator must mend a setting. Names the key, where it stands, what was expected."""


class KeysError(FleetError):
    """A key is missing, unreadable, or not what it should be."""


class SchemaError(FleetError):
    """The database has no schema, or one of another release."""


class NotKnown(FleetError, LookupError):
    """Something asked for by its reference is not there."""


class Refused(FleetError):
    """A request that is understood and not allowed."""


class Already(Refused):
    """It is so already, or was decided otherwise before; asking again changes nothing."""


class VaultAway(FleetError):
    """The vault does not answer; nothing was opened and nothing lost."""


def halves(text: str) -> tuple[str, str]:
    """What a text in both languages, `vi / en`, says in each."""
    vi, _, en = text.partition(" / ")
    return vi, en or vi
