"""One module per `kiosk` subcommand."""
