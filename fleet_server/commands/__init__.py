"""One module per group of `fleet` subcommands."""
