"""Who someone is: pseudonyms, links, the vault, and the log of who looked."""
