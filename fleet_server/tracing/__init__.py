"""From scans to visits to exposures: pure rules, and the queries that feed them."""
