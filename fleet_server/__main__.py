"""`python -m fleet_server` is the `fleet` command."""

from fleet_server.cli import main

if __name__ == "__main__":
    main(prog_name="fleet")
