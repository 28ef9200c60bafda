"""The seam to the hardware: ports, real adapters, and the ones desks and tests use."""
