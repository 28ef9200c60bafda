"""The contract between kiosk and fleet server: what is said, under which topic, in which form.

Both programs import this package and nothing of each other. It does no I/O, reads no clock and
draws no randomness of its own, so that either side can be tested against it alone. Contract
version 1; it grows by addition only (docs/adr/0004-contract-evolution.md).
"""

CONTRACT = 1
"""The number in every topic. It changes only if a peer one release back could no longer follow."""
