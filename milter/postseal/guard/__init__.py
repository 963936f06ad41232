"""How we know our own mail again: what has been through us, what was held, and that it was us who said so."""
