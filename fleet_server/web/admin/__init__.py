"""Pages of administrators: who may what where, places, rules."""
