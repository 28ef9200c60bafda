"""Pages of the visitor desk, and the one for visitors themselves."""
