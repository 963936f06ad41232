"""Whatever strangers send, there is a decision, in bounded time and memory, and the next mail is judged."""

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from content.carriers import attached
from content.hostile import mails, mutated
from postseal.content.process import Pool, pool
from postseal.envelope import Client, Envelope, Recipient
from postseal.message import Message
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings.extraction import Extraction
from postseal.settings.settings import Settings
from postseal.treatment import Treatment

EXTRACTION = Extraction(seconds=10.0, unpacked=128 << 20, memory=768 << 20, processes=1)
RULES = """
rules:
  - {name: seen, mode: audit, when: {any: {body_words: secret, attachment_words: secret}}, then: {sign: true}}
  - {name: typed, mode: audit, when: {attachment_type: image/png}, then: {sign: true}}
  - {name: sensitive, mode: audit, when: {sensitive: [iban, credit_card]}, then: {sign: true}}
"""
ENVELOPE = Envelope("a@example.com", (Recipient("b@example.com"),), Client("192.0.2.1"))


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Policy]:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "types").symlink_to(Path(__file__).parents[2] / "policies" / "types")
    (folder / "1.yaml").write_text(RULES)
    yield load(Settings(policies=folder, extraction=EXTRACTION), {"smime"})
    pool(EXTRACTION).close()


def decided(policy: Policy, message: Message) -> Treatment:
    (treatment,) = policy.decide(message, ENVELOPE).values()
    return treatment


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in mails()])
def test_hostile_mail_is_decided(policy: Policy, make: Callable[[], Message]):
    message = make()
    begin = time.monotonic()

    decided(policy, message)

    assert time.monotonic() - begin < 100
    assert "seen" in decided(policy, attached("a.zip", b"secret")).audited


def test_mutated_files_are_decided(policy: Policy):
    for name, octets in mutated():
        assert decided(policy, attached(name, octets)) is not None, name
    assert "seen" in decided(policy, attached("a.txt", b"secret")).audited


def test_memory_of_this_process_is_bounded(policy: Policy):
    """The bombs go off elsewhere."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, make in mails():
        if name in {"gzip-bomb", "xlsx-repeats", "pdf-inflates"}:
            decided(policy, make())

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 << 10


def test_pool_of_the_policy_is_kept(policy: Policy):
    opened: Pool = pool(EXTRACTION)

    assert opened is pool(EXTRACTION)
    assert policy.site.extraction == EXTRACTION
