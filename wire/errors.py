"""What can be wrong with something the other side said."""


class WireError(ValueError):
    """Something received does not fit the contract. `reason` is one of the contract's own words."""

    reason = "malformed"


class Malformed(WireError):
    """Not the JSON, the type or the shape the contract asks for."""


class Oversized(WireError):
    """Larger than the contract allows."""

    reason = "oversized"


class BadTopic(WireError):
    """A topic outside the contract, or an id that is not allowed in one."""

    reason = "bad_topic"


class CannotOpen(WireError):
    """A sealed part that this key does not open: other key, other binding, or damaged."""

    reason = "cannot_open"


class UnknownSealing(WireError):
    """Sealed in a way this release does not know (a newer peer's)."""

    reason = "unknown_sealing"


class BadSignature(WireError):
    """A signed document that its key did not sign."""

    reason = "bad_signature"


class UnknownSigner(BadSignature):
    """Signed by a key that is not among those known here: not proven false, but not proven."""


class RolledBack(WireError):
    """A signed document older than one that was seen before."""

    reason = "rolled_back"
