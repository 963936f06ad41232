"""What is noted for the sender of a sealed message: its subject, how long rules allow, whether he is told."""

from datetime import timedelta

import pytest

from postseal.sealed.container import Tampered
from postseal.sealed.subject import opened_subject
from postseal.settings.ome import Ome
from postseal.store.ring import Ring
from postseal.store.sealed import SealedMessage, unwrapped
from postseal.treatment import Treatment
from sealing import NOON, PORTAL, Sealing, message


def noted(seal: Sealing) -> SealedMessage:
    (id_,) = {row.message for row in seal.ring.audit.every() if row.message}
    known = seal.ring.messages.of(id_)
    assert known
    return known


def test_subject_is_sealed_under_a_key_of_the_message(ring: Ring) -> None:
    seal = Sealing(ring)
    seal(message())

    known = noted(seal)

    assert known.subject
    assert b"quarter" not in known.subject
    key = unwrapped(known, known.recipients[0], seal.ring.keys)
    assert opened_subject(known.subject, key) == "the secret quarter"
    with pytest.raises(Tampered):
        opened_subject(known.subject, bytes(32))


@pytest.mark.parametrize(
    ("settings", "treatment", "expires", "latest"),
    [
        (Ome(portal=PORTAL), Treatment(), None, None),
        (Ome(portal=PORTAL, expire=3600.0), Treatment(), 1, None),
        (Ome(portal=PORTAL, expire=3600.0), Treatment(lifetime=7200.0), 2, 2),
    ],
    ids=["nothing", "setting", "rule"],
)
def test_only_rules_keep_a_sender_from_extending(
    ring: Ring, settings: Ome, treatment: Treatment, expires: int | None, latest: int | None
) -> None:
    seal = Sealing(ring, settings)
    seal(message(), treatment=treatment)

    known = noted(seal)

    assert known.recipients[0].expires == (NOON + timedelta(hours=expires) if expires else None)
    assert known.latest == (NOON + timedelta(hours=latest) if latest else None)


@pytest.mark.parametrize(
    ("setting", "wanted", "sender", "more", "told"),
    [
        (False, None, "ann@lab.test", (), False),
        (True, None, "ann@lab.test", (), True),
        (True, False, "ann@lab.test", (), False),
        (False, True, "ann@lab.test", (), True),
        (True, None, "", (), False),
        (True, None, "ann@lab.test", (("Auto-Submitted", "auto-generated"),), False),
        (False, True, "ann@lab.test", (("Precedence", "bulk"),), False),
        (False, True, "ann@lab.test", (("List-Id", "<team.lab.test>"),), False),
    ],
)
def test_people_are_told_where_a_rule_or_the_settings_say_so(
    ring: Ring, *, setting: bool, wanted: bool | None, sender: str, more: tuple[tuple[str, str]], told: bool
) -> None:
    seal = Sealing(ring, Ome(portal=PORTAL, read_notice=setting))
    seal(message(*more), sender=sender, treatment=Treatment(read_notice=wanted))

    assert noted(seal).read_notice is told
