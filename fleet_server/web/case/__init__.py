"""Pages of those who trace contacts."""
