"""Rules of Exchange, read from its exports and written in our words."""
