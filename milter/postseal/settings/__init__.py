"""The settings file: what an administrator decides about this installation, and what each part means."""
