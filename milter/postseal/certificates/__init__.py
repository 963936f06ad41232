"""Certificates and keys: found, read and judged."""
