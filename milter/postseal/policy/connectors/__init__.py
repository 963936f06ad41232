"""Connectors: what partners' domains demand of the way, wherever the mail and its rules come from."""
