"""HTTP API, version 1: structs in, structs out, and the document that describes them."""
