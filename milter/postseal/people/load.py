"""The directory that the settings name."""

from postseal.people.file import PeopleFile
from postseal.people.ldap import LdapPeople
from postseal.people.person import People
from postseal.settings.judging import Directory


def load(settings: Directory) -> People | None:
    """The file, or the server; None if neither is named.  Raises BadInput."""
    if settings.file is not None:
        return PeopleFile(settings.file)
    return LdapPeople(settings.server) if settings.server is not None else None
