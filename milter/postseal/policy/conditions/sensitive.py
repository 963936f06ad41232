"""Conditions on sensitive information: numbers of cards, accounts, persons."""

from typing import Annotated

from postseal.policy.mail import Transaction
from postseal.policy.sensitive.query import Query, query


def sensitive(transaction: Transaction, asked: Annotated[Query, query]) -> bool:
    """The subject, the text or an attachment holds sensitive information of one of these types.

    The types, such as `credit_card` or `iban`, are in files of the folder `types` beside the policies; add
    your own.  Written long, `{type: [iban, credit_card], at_least: 5, at_most: 100, confidence: high}` counts
    different ones of a type, at least as certain (`low`, `medium`, `high` or a number; else what the type
    recommends; `confidence_at_most` bounds it).  `all: [...]` and `any: [...]` join several, and
    `same_part: true` beside them asks for all in one part: the text with the subject, or one attachment with
    the files in it.  Looks where `body_words` and `attachment_words` look, and fails as they do on what
    cannot be read.
    """
    return asked.holds(transaction)
