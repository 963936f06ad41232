"""TLS between mail servers: what the MTA has to do for us, and whether it does."""
