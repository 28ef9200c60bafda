"""Pages of the auditor: who did what, whose names were opened, whether the log holds."""
