"""Roles, permissions and tokens."""
