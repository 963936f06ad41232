"""CMS (RFC 5652) and MIME bytes: pure functions, no files, no network."""
