"""Kiosk firmware: reads what a visitor holds up, answers at once, keeps the record until the fleet
server has it. Never imports the server; never stores or sends a picture, name or number in clear.
"""
