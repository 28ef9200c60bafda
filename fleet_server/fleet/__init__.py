"""The fleet itself: areas, venues, kiosks, cards, certificates, broker configuration."""
