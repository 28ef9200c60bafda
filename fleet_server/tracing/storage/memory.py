"""Sure stays in memory, sorted: what a search would cost if there were no database.

Holds what one question fetched, so that many can be answered from it.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fleet_server.tracing.columns import NOBODY, Found, Integers, chosen
from fleet_server.tracing.rules import CAP_S
from fleet_server.tracing.storage.port import FoundAt, VenueSpan


class MemoryStays:
    """Columns of sure stays, in the order of venue and entry."""

    def __init__(self, venue: Integers, found: Found) -> None:
        order = np.lexsort((found.entered, venue))
        self._found = chosen(found, order)
        venues, first = np.unique(venue[order], return_index=True)
        borders = pairwise([*first.tolist(), len(venue)])
        self._where = dict(zip(venues.tolist(), borders, strict=True))

    def stretch(self, span: VenueSpan) -> tuple[int, int]:
        """First and last position (not itself in it) of the rows a search must look at."""
        first, last = self._where.get(span.venue_id, (0, 0))
        entered = self._found.entered[first:last]
        low = int(np.searchsorted(entered, span.start - CAP_S, "right"))
        return first + low, first + int(np.searchsorted(entered, span.end, "left"))

    def sure_at(self, spans: Sequence[VenueSpan]) -> FoundAt:
        """Stays that reach into each span by latest ends, as `VisitStore.sure_at` finds them."""
        found = self._found
        rows = []
        counts = np.zeros(len(spans), np.int64)
        for k, span in enumerate(spans):
            low, high = self.stretch(span)
            rows.append(low + np.flatnonzero(found.end_latest[low:high] > span.start))
            counts[k] = len(rows[-1])
        return FoundAt(counts, chosen(found, np.concatenate(rows) if rows else NOBODY))
