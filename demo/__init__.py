"""A fleet on one desk: embedded server and three kiosks that see pictures."""
