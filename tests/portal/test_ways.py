"""A branding that asks for one way to sign in, and somebody who has signed in by another."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from demo.visitor import Visitor
from portal_account import arrive, leave, provider_settings
from portal_place import Place, id_of, path_of, place
from postseal.store.schema_sealed import sealed_messages
from providerserver import ProviderServer

ZOE = "zoe@one.test"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies")


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, policies: Path
) -> Iterator[tuple[Place, ProviderServer]]:
    (policies / "brandings").mkdir()
    (policies / "brandings/10.yaml").write_text("brandings: {strict: {sign_in: lab}}")
    with ProviderServer(tmp_path_factory.mktemp("provider")) as server:
        ways = provider_settings(server, "lab", "other").replace("sign_in:\n", "sign_in:\n  passkeys: true\n")
        with place(more=f"policies: {policies}\n{ways}") as here:
            server.claims["email"] = ZOE
            yield here, server


@pytest.fixture
def here(running: tuple[Place, ProviderServer]) -> Place:
    return running[0]


@pytest.fixture
def server(running: tuple[Place, ProviderServer]) -> ProviderServer:
    return running[1]


def strict(here: Place) -> str:
    """The path of a message that opens to accounts at `lab` alone."""
    mail = here.sealed(to=(ZOE,))
    change = update(sealed_messages).where(sealed_messages.c.id == id_of(mail)).values(brand="strict")
    here.ring.store.write(lambda connection: connection.execute(change))
    return path_of(mail)


def opens(visitor: Visitor, path: str) -> bool:
    return "The numbers: 1, 2, 3." in visitor.get(f"{path}/body").text


def test_page_offers_what_the_branding_asks_for_and_nothing_else(here: Place) -> None:
    path = strict(here)
    visitor = here.visitor()
    page = visitor.get(path).text

    assert "Sign in with Lab" in page
    assert not any(word in page for word in ("Sign in with Other", "passkey", 'name="address"'))
    for way in ("address", "account/other", "passkey", "passkey/answer"):
        assert visitor.post(f"{path}/{way}", **({"address": ZOE} if way == "address" else {})).status == 404
    assert here.sink.is_quiet()


def test_code_opens_other_messages_and_not_this_one(here: Place, server: ProviderServer) -> None:
    path, plain = strict(here), path_of(here.sealed(to=(ZOE,)))
    visitor = here.signed_in(plain, ZOE)

    assert opens(visitor, plain)
    assert not opens(visitor, path)
    assert "Sign in with Lab" in visitor.get(path).text
    for ending in ("body", "message.eml", "attachment/1", "reply", "passkeys"):
        assert visitor.get(f"{path}/{ending}").status in {303, 403}
    assert arrive(visitor, server, leave(visitor, path)).to == path
    assert opens(visitor, path)
    assert opens(visitor, plain)


def test_account_comes_back_to_the_host_of_the_branding(
    here: Place, server: ProviderServer, policies: Path
) -> None:
    """The cookie is good for this host only, so the answer must not arrive at another."""
    own = f"127.0.0.1:{here.portal.port}"
    written = (policies / "brandings/10.yaml").read_text().removesuffix("}")
    (policies / "brandings/10.yaml").write_text(f"{written}, own: {{portal: 'https://{own}'}}}}")
    path = path_of(here.sealed(to=(ZOE,)))
    visitor = here.visitor()
    visitor.send["Host"] = own
    end = time.monotonic() + 60
    while visitor.get(path).status == 421:  # until the portal has looked at its brandings again
        assert time.monotonic() < end
        time.sleep(0.2)

    url = leave(visitor, path)
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == [f"https://{own}/account/lab"]
    assert arrive(visitor, server, url).to == path
    assert opens(visitor, path)
