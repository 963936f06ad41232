"""What a template says is noted when a message is sealed, and stays so whatever becomes of the template."""

from pathlib import Path

from postseal.language.language import Language
from postseal.policy import templates
from postseal.policy.granting import granted_to, restricted
from postseal.rights import Right
from postseal.sealed.container import HEADER_OCTETS, Head
from postseal.store.ring import Ring
from postseal.store.sealed import SealedMessage
from postseal.treatment import Treatment
from sealing import BOB, Sealing, message, posted

BEFORE = """
templates:
  board:
    name: {en: Board only, de: Nur Vorstand}
    rights: [{anyone: true, grant: viewer}]
    offline: 7d
"""
AFTER = "templates: {board: {name: Everybody, rights: [{anyone: true, grant: owner}], offline: always}}\n"


def treatment(folder: Path, written: str) -> Treatment:
    """What a rule with `template: board` asks for, after *written* was put into *folder*."""
    (folder / "10.yaml").write_text(written)
    template = templates.load(folder)["board"]
    return restricted(Treatment(templates=(template,)), granted_to(template, BOB, lambda _: ()))


def sealed(seal: Sealing, given: Treatment, identity: str = "<1@lab.test>") -> tuple[SealedMessage, bytes]:
    container = posted(seal(message(identity=identity), BOB, treatment=given))
    known = seal.ring.messages.of(Head.of(container[:HEADER_OCTETS]).id)
    assert known
    return known, container


def test_changed_template_changes_new_messages_alone(ring: Ring, tmp_path: Path) -> None:
    seal = Sealing(ring)
    first, container = sealed(seal, treatment(tmp_path, BEFORE))

    second, _ = sealed(seal, treatment(tmp_path, AFTER), "<2@lab.test>")
    (tmp_path / "10.yaml").unlink()

    still = seal.ring.messages.of(first.id)
    assert still
    assert (still.rights, still.terms) == (first.rights, first.terms)
    assert set(still.rights) == set(Right) - {Right.VIEW, Right.REPLY, Right.REPLY_ALL}
    assert still.licence.labels[0].name.read(Language.DE) == "Nur Vorstand"
    assert (still.licence.offline, still.licence.seconds) == (True, 7 * 86400)
    assert seal.opened(container).endswith(b"The numbers: 1, 2, 3.\r\n")
    assert second.rights == ()
    assert second.licence.labels[0].name.read(Language.DE) == "Everybody"
    assert second.licence.seconds is None


def test_next_try_is_the_same_message_and_under_a_changed_template_another(
    ring: Ring, tmp_path: Path
) -> None:
    seal = Sealing(ring)
    given = treatment(tmp_path, BEFORE)
    first, again = sealed(seal, given)[0], sealed(seal, given)[0]

    changed, _ = sealed(seal, treatment(tmp_path, BEFORE.replace("7d", "never")))

    assert first.id == again.id
    assert changed.id != first.id
    assert changed.licence.seconds == 0
