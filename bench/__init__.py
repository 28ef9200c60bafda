"""Benchmarks: each prints a table against a peer run beside it, and ends with one JSON line."""
