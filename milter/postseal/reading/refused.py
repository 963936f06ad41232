"""What a process that locks files says of one that it cannot lock."""


class Refused(Exception):
    """The file cannot be locked: a word of `locked.Why`."""
