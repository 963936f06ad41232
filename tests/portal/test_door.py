"""What holds for every request: header fields, where forms come from, host names, what strangers learn."""

import re
import statistics
import threading
import time

import pytest
from sqlalchemy import delete, func, select

from demo.visitor import Answer, Visitor
from portal_place import Place, id_of, path_of
from postseal.store.schema_sealed import portal_sessions
from sealing import attached

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none';"
    " frame-ancestors 'none'"
)
BODY_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:;"
    " style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
ALWAYS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "{portal}"},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": ""},
    {},
)
OURS: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Origin": "{portal}"},
)


def asserted(answer: Answer, policy: str = CONTENT_POLICY, **other: str) -> None:
    """The header fields of section "What is where" in docs/portal.md, on this *answer*."""
    for name, value in {**ALWAYS, "Content-Security-Policy": policy, **other}.items():
        assert answer.fields.get_all(name) == [value], name
    assert "camera=()" in answer.fields["Permissions-Policy"]
    assert not {"server", "access-control-allow-origin", "x-powered-by"} & {
        name.lower() for name in answer.fields
    }


def test_every_answer_has_the_header_fields(here: Place) -> None:
    mail = here.sealed(to=("headers@one.test",))
    path = path_of(mail)
    stranger, reader = here.visitor(), here.signed_in(path, "headers@one.test")

    for answer in (
        *(stranger.get(where) for where in ("/", "/help", path, f"{path}/address", "/m/none", "/nothing")),
        *(
            stranger.get("/robots.txt"),
            stranger.post(path),
            stranger.post("/out"),
            stranger.post_file(attached(mail)),
        ),
        *(stranger.post(f"{path}/address", address="a@b.example"), stranger.post(f"{path}/code", code="1")),
        *(reader.get(path), reader.ask("HEAD", path), reader.ask("PUT", path), stranger.get(f"{path}/body")),
    ):
        asserted(answer)
    stylesheet = re.findall(r'href="(/static/[^"]+\.css\?\w+)"', stranger.get("/").text)[0]
    asserted(stranger.get(stylesheet), **{"Cache-Control": "public, max-age=31536000, immutable"})
    asserted(reader.get(f"{path}/body"), BODY_POLICY, **{"Referrer-Policy": "no-referrer"})
    asserted(reader.get(f"{path}/message.eml"), "sandbox; default-src 'none'")
    assert "attachment" in reader.get(f"{path}/message.eml").fields["Content-Disposition"]


@pytest.mark.parametrize("fields", FOREIGN, ids=str)
def test_form_of_somebody_else_has_no_effect(here: Place, fields: dict[str, str]) -> None:
    mail = here.sealed(to=("foreign@one.test",))
    path = path_of(mail)
    visitor = here.visitor()
    visitor.get(path)
    visitor.send = {name: value.format(portal=here.portal.address) for name, value in fields.items()}

    for where, texts in ((f"{path}/address", {"address": "foreign@one.test"}), ("/out", {})):
        assert visitor.post(where, **texts).status == 403
        assert visitor.post(where, token="0" * 64, **texts).status == 403

    assert here.sink.is_quiet(0.1)
    assert here.events(id_of(mail)) == ["sealed"]


@pytest.mark.parametrize("fields", OURS, ids=str)
def test_form_of_ours_is_taken(here: Place, fields: dict[str, str]) -> None:
    path = path_of(here.sealed())
    visitor = here.visitor()
    visitor.send |= {"Sec-Fetch-Site": ""}
    del visitor.send["Sec-Fetch-Site"]
    visitor.send |= {name: value.format(portal=here.portal.address) for name, value in fields.items()}

    assert visitor.post(f"{path}/address", address="nobody@ours.test").status == 303


def test_form_of_a_browser_that_says_nothing_is_taken_with_its_token_alone(here: Place) -> None:
    path = path_of(here.sealed())
    visitor, other = here.visitor(), here.visitor()
    for one in (visitor, other):
        del one.send["Sec-Fetch-Site"]
    tokens = [re.findall(r'name="token" value="(\w+)"', one.get(path).text)[0] for one in (visitor, other)]

    assert visitor.post(f"{path}/address", address="nobody@silent.test", token=tokens[1]).status == 403
    assert visitor.post(f"{path}/address", address="nobody@silent.test", token=tokens[0]).status == 303


def test_other_host_name_gets_no_page(here: Place) -> None:
    visitor = here.visitor()

    for host in ("evil.example", "localhost", ""):
        answer = visitor.get("/", Host=host)
        assert (answer.status, "<html" in answer.text) == (421, False)


def test_get_sets_no_session_and_a_post_does(here: Place) -> None:
    path = path_of(here.sealed())
    visitor = here.visitor()
    visitor.get(path)
    looked = visitor.cookie
    visitor.get(path)
    assert visitor.cookie == looked

    visitor.post(f"{path}/address", address="nobody@session.test")

    assert visitor.cookie != looked


def test_unknown_address_gets_the_same_answers(here: Place) -> None:
    path = path_of(here.sealed(to=("known@one.test",)))
    known, unknown = here.visitor(), here.visitor()

    def seen(visitor: Visitor, address: str) -> list[tuple[int, str, str | None]]:
        answers = [visitor.post(f"{path}/address", address=address), visitor.get(path)]
        answers += [visitor.post(f"{path}/code", code="00000000") for _ in range(6)]
        answers += [visitor.post(f"{path}/address", address=address) for _ in range(3)]
        return [(answer.status, _same(answer.text, address), answer.fields["Location"]) for answer in answers]

    assert seen(known, "known@one.test") == seen(unknown, "other@one.test")
    here.sink.take(3)


def test_unknown_address_is_answered_in_the_same_time(here: Place) -> None:
    """The medians of interleaved requests are apart by less than chance explains."""
    taken: dict[str, list[float]] = {"known": [], "other": []}
    for number in range(30):
        path = path_of(here.sealed(to=(f"known{number}@time.test",)))
        for kind in ("known", "other") if number % 2 else ("other", "known"):
            visitor = here.visitor()
            visitor.get(path)
            begin = time.perf_counter()
            visitor.post(f"{path}/address", address=f"{kind}{number}@time.test")
            taken[kind].append(time.perf_counter() - begin)
    here.sink.take(30)

    known, other = (statistics.quantiles(times, n=4) for times in taken.values())
    spread = max(known[2] - known[0], other[2] - other[0])
    print(f"known {1000 * known[1]:.2f} ms, unknown {1000 * other[1]:.2f} ms, spread {1000 * spread:.2f} ms")
    assert abs(known[1] - other[1]) < max(spread / 2, 0.002)


def test_asking_without_end_fills_neither_sessions_nor_audit(here: Place) -> None:
    mail = here.sealed(to=("endless@one.test",))
    path = path_of(mail)
    network = here.visitor().send
    here.ring.store.write(lambda store: store.execute(delete(portal_sessions)))

    answers = [
        Visitor(here.portal.port, send=network).post(f"{path}/address", address=f"{number}@endless.test")
        for number in range(25)
    ]
    for _ in range(25):
        here.visitor().post_file(attached(mail))

    assert [answer.status for answer in answers] == [303] * 20 + [429] * 5
    count = select(func.count()).select_from(portal_sessions)
    assert here.ring.store.read(lambda store: store.scalar(count)) == 20
    assert here.events(id_of(mail)) == ["sealed"] + ["posted"] * 20


def test_fifty_guesses_at_once_are_answered_as_five(here: Place) -> None:
    path = path_of(here.sealed(to=("fifty@one.test",)))
    visitor = here.visitor()
    visitor.post(f"{path}/address", address="fifty@one.test")
    code = here.code()[1]
    wrong = f"{(int(code) + 1) % 10**8:08}"
    answers: list[Answer] = []

    def guess() -> None:
        answers.append(Visitor(visitor.port, visitor.cookie, visitor.send).post(f"{path}/code", code=wrong))

    threads = [threading.Thread(target=guess) for _ in range(50)]
    before = _count(here, "code_wrong")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [422] * 50
    assert _count(here, "code_wrong") - before == 5
    assert visitor.post(f"{path}/code", code=code).status == 422


def test_large_or_odd_forms_are_refused_in_words(here: Place) -> None:
    path = path_of(here.sealed())
    visitor = here.visitor()
    octets = b"address=" + b"a" * 100_000

    assert visitor.post(f"{path}/address", address="a" * 5000).status == 413
    assert visitor.ask("POST", f"{path}/address", octets, {"Content-Type": "text/plain"}).status == 415
    assert visitor.post(f"{path}/address", other="1").status == 400
    for typed in ("", "bob", "@", "a\nb@c.d", "a" * 400 + "@one.test"):
        assert visitor.post(f"{path}/address", address=typed).status == 422


def _same(text: str, address: str) -> str:
    """*text* without what differs between any two visitors."""
    text = re.sub(r'name="token" value="\w+"|<dd>[A-Z]{4}</dd>', "", text.replace(address, "ADDRESS"))
    return re.sub(r"\d{4}-\d\d-\d\d[ T][\d:]{5,8}(Z| UTC)", "", text)


def _count(here: Place, event: str) -> float:
    found = re.search(
        rf'postseal_portal_events_total{{event="{event}"}} (\S+)', here.portal.private("/metrics")[1]
    )
    assert found
    return float(found[1])
