"""Pages and API: default deny, one folder per audience."""
