"""Sensitive information types: what they are, where they are found, and questions about what was found."""
