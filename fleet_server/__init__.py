"""Fleet server: collects what kiosks recorded, answers who was where. Never imports the kiosk."""
