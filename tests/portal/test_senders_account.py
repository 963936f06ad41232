"""Senders sign in with an account elsewhere, where the settings let only that count."""

import re
import time
from collections.abc import Iterator

import pytest

from portal_account import arrive, leave, provider_settings
from portal_place import Place, id_of, path_of
from providerserver import ProviderServer
from sealing import BOB
from sender_place import senders_place

ANN = "ann@lab.test"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with ProviderServer(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture(scope="module")
def here(server: ProviderServer) -> Iterator[Place]:
    more = "  senders: {sign_in: [lab]}\n" + provider_settings(server, "lab", "other")
    with senders_place(more=more) as running:
        yield running


def test_sender_signs_in_with_his_account_and_by_no_other_way(here: Place, server: ProviderServer) -> None:
    id_ = id_of(here.sealed(sender=ANN))
    server.claims["email"] = "Ann@Lab.test"
    visitor = here.visitor()
    page = visitor.get("/sent").text
    assert "Sign in with Lab" in page
    assert "Sign in with Other" not in page
    assert "Send me a code" not in page
    assert visitor.post("/sent/address", address=ANN).status == 404
    assert visitor.post("/sent/account/other").status == 404

    url = leave(visitor, "/sent")
    state = re.search(r"[?&]state=([^&]+)", url)
    assert state
    assert arrive(visitor, server, url, state=state[1]).to == "/sent"

    assert visitor.cookie == ""
    assert f"/sent/{id_.hex()}" in visitor.get("/sent").text
    rows = [(row.event, row.address, row.detail) for row in here.ring.audit.every()]
    assert ("authenticated", ANN, "as a sender, oidc lab") in rows
    assert arrive(visitor, server, url).to == "/sent/account"  # once


@pytest.mark.parametrize("email", ["eve@else.test", "ann@lab.test.else.test", "ann%else.test@lab.test"])
def test_account_of_somebody_outside_does_not_get_in(here: Place, server: ProviderServer, email: str) -> None:
    here.sealed(sender=email)
    server.claims["email"] = email
    visitor = here.visitor()

    assert arrive(visitor, server, leave(visitor, "/sent")).to == "/sent/account"

    failed = visitor.get("/sent/account")
    assert failed.status == 403
    assert "must be one of ours" in failed.text
    assert "Read by" not in visitor.get("/sent").text


def test_state_of_a_reader_signs_in_no_sender_nor_the_other_way_round(
    here: Place, server: ProviderServer
) -> None:
    path = path_of(here.sealed(to=(ANN, BOB), sender=ANN))
    server.claims["email"] = ANN
    visitor = here.visitor()
    sender, reader = leave(visitor, "/sent"), leave(visitor, path)

    assert arrive(visitor, server, reader, state="sent." + _state(reader)).to == "/sent/account"
    assert arrive(visitor, server, sender, state=_state(sender).removeprefix("sent.")).to == "/account"
    assert "Read by" not in visitor.get("/sent").text
    assert visitor.get(f"{path}/body").status == 403

    server.claims["iat"] = int(time.time())
    again = leave(visitor, "/sent")
    assert arrive(visitor, server, again).to == "/sent"
    assert visitor.get(f"{path}/body").status == 403


def _state(url: str) -> str:
    found = re.search(r"[?&]state=([^&]+)", url)
    assert found
    return found[1]
