"""Accounts elsewhere: whose address somebody has proved to a provider of OpenID Connect, and nothing more."""
