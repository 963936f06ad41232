"""A mail system on loopback: a private Postfix, where it delivers to, and who may log in."""
