"""Postseal: a milter that protects mail by policy."""
