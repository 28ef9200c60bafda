"""Tests of the fleet server."""
