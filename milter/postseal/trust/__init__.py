"""Whether a certificate may be believed: its path, its names, its revocation.  Every no names its rule."""
