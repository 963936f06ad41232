"""Requests that no browser of a reader sends: none of them is a fault of ours, in log or metrics."""

from contextlib import closing
from urllib.parse import quote

import pytest

from demo.visitor import Visitor
from portal_place import Place, path_of
from processes import eventually

FAULTS = 'postseal_portal_failures_total{cause="internal"}'


def faults(here: Place) -> str:
    """The line of the metric that an administrator is woken by."""
    _, metrics = here.portal.private("/metrics")
    return next(line for line in metrics.splitlines() if line.startswith(FAULTS))


def test_attachment_of_no_number_is_not_there(here: Place) -> None:
    path, before = path_of(here.sealed(to=("number@hostile.test",))), faults(here)
    reader = here.signed_in(path, "number@hostile.test")

    for number in ("9" * 5000, "9" * 4000, "-1", "one", "1.5", "٣"):
        assert reader.get(f"{path}/attachment/{quote(number)}").status == 404
        assert here.visitor().get(f"{path}/attachment/{quote(number)}").status == 303

    assert faults(here) == before


def test_language_is_spoken_whatever_the_referer_says(here: Place) -> None:
    before = faults(here)

    for said in ("https://[::1", "https://[/m/a", "\xff", "//", "https://evil.example/m/../../o"):
        answer = here.visitor().ask(
            "POST",
            "/language",
            b"language=de",
            {"Referer": said, "Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status == 303
        assert answer.to.startswith("/")

    assert faults(here) == before


@pytest.mark.parametrize("where", ["/o", "{path}/address", "{path}/reply"])
def test_browser_that_goes_away_is_no_fault(here: Place, where: str) -> None:
    path, before = path_of(here.sealed(to=("away@hostile.test",))), faults(here)
    answered = f'{{method="POST",route="{where.format(path="/m/{handle}")}",status='
    counted = _lines(here, answered)

    _broken_off(here.visitor(), where.format(path=path))

    eventually(lambda: _lines(here, answered) != counted)
    assert faults(here) == before


def _lines(here: Place, word: str) -> list[str]:
    return [line for line in here.portal.private("/metrics")[1].splitlines() if word in line]


def test_address_that_is_longer_than_any_once_it_is_compared_is_none(here: Place) -> None:
    """A database would not take it."""
    path = path_of(here.sealed())

    for typed in ("a@" + "üa." * 100 + "test", "İ" * 300 + "@x.test"):
        assert here.visitor().post(f"{path}/address", address=typed).status == 422


def test_others_cannot_keep_somebody_from_reading(here: Place) -> None:
    """Who has messages of his own can type any address, but not use up what it may ask for."""
    own = [path_of(here.sealed(to=("mallory@hostile.test",))) for _ in range(5)]
    path = path_of(here.sealed(to=("victim@hostile.test",)))
    for each in own:
        for _ in range(3):
            visitor = here.visitor()
            assert visitor.post(f"{each}/address", address="victim@hostile.test").status == 303
            for guess in range(5):
                visitor.post(f"{each}/code", code=f"{guess:08}")

    here.signed_in(path, "victim@hostile.test")


def test_two_messages_in_two_tabs_take_one_code(here: Place) -> None:
    first, second = (path_of(here.sealed(to=("tabs@hostile.test",))) for _ in range(2))
    reader = here.visitor()
    codes = []
    for path in (first, second):
        reader.post(f"{path}/address", address="tabs@hostile.test")
        codes.append(here.code()[1])

    answers = [
        reader.post(f"{path}/code", code=code) for path, code in zip((first, second), codes, strict=True)
    ]

    assert [(answer.status, answer.to) for answer in answers] == [(303, first), (303, second)]
    assert "<iframe" in reader.get(second).text


def test_log_holds_no_link(here: Place) -> None:
    path = path_of(here.sealed(to=("log@hostile.test",)))
    reader = here.signed_in(path, "log@hostile.test")
    reader.get(f"{path}/body")

    log = here.portal.log()

    assert f"what=shown message={path.removeprefix('/m/')[:12]} " in log
    assert path.removeprefix("/m/") not in log


def _broken_off(visitor: Visitor, path: str) -> None:
    """Begin a form, and hang up."""
    with closing(visitor.connection()) as wire:
        wire.putrequest("POST", path)
        for name, value in visitor.send.items():
            wire.putheader(name, value)
        wire.putheader("Content-Type", "multipart/form-data; boundary=form")
        wire.putheader("Content-Length", "100000")
        wire.endheaders(b"--form\r\nContent-Disposition: form-data; name=")
