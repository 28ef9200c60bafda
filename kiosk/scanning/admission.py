"""Where a venue asks for a health certificate: one opens the way for one visitor, and not for long.

Who showed it is not remembered, nor anything it said: only when.
"""


class Admission:
    """Whether a valid certificate was held up here a moment ago and nobody went in on it yet."""

    def __init__(self, *, ttl_ms: int) -> None:
        """`ttl_ms`: how long a certificate waits for the code of the one who showed it."""
        self._ttl_ms = ttl_ms
        self._shown_ms: int | None = None

    def show(self, *, now_ms: int) -> None:
        """A valid certificate was held up at `now_ms` of the boot's clock.

        A second one before anybody went in renews the first: it does not admit two.
        """
        self._shown_ms = now_ms

    def is_open(self, *, now_ms: int) -> bool:
        """Whether the next visitor may go in."""
        return self._shown_ms is not None and 0 <= now_ms - self._shown_ms < self._ttl_ms

    def use(self) -> None:
        """A visitor was recorded: the next one shows a certificate of their own."""
        self._shown_ms = None
