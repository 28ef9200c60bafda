"""Mirrors the packages; `support` holds what several tests share."""
