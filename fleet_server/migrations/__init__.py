"""Every change to the tables, in order. Run by `fleet_server.schema`, never by hand."""
