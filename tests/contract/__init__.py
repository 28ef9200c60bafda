"""Kiosk and fleet server held together."""
