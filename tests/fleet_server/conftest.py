from tests.fleet_server.homes import home, keys_once

__all__ = ["home", "keys_once"]
