"""Real databases, real brokers and records to try them with."""
