"""From a frame to a decision: pure, no device, no clock of its own."""
