"""Signing in and out, and the first page after it."""
