"""Pages of the people who run a venue."""
