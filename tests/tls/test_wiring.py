"""Whether a Postfix does what the field asks for, asked of Postfix's own programs; none of them runs."""

from pathlib import Path

import pytest

from demo.place import open_directory
from demo.postfix import Postfix
from fragments import Fragments
from postseal.errors import BadInput, Place
from postseal.required_tls import Level, RequiredTls
from postseal.tls import wiring

WANTED = {RequiredTls(Level.ENCRYPT): Place("rules.yaml", 3, 5)}


def problems(folder: Path, submit_to: str) -> str:
    try:
        wiring.check(folder, WANTED, submit_to=submit_to)
    except BadInput as error:
        return str(error)
    return ""


def judged(
    *, parameters: tuple[str, str] = ("", ""), services: tuple[str, str] = ("", ""), more: str = ""
) -> str:
    """What is said about the fragments, with one text exchanged for another in each file.

    *more*: a parameter of main.cf that is "yes".
    """
    fragments = Fragments()
    lines = fragments.services
    assert services[0] in lines
    main = {name: value.replace(*parameters) for name, value in fragments.parameters.items()}
    with open_directory() as folder:
        # Postfix 3.7 shows a parameter that it does not know only if another one speaks of it.
        main |= {more: "yes", "myhostname": f"${{{more}}}.test"} if more else {}
        postfix = Postfix(folder, next_hop="", parameters=main, services=lines.replace(*services))
        postfix.configure()
        return problems(postfix.configuration, f"127.0.0.1:{fragments.reinjection_port}")


def test_dane_needs_a_transport_that_asks_postseal() -> None:
    fragments, place = Fragments(), Place("rules.yaml", 3, 5)
    asked = {"postseal_connectors": "socketmap:unix:postseal/tls.sock"}
    told = {}
    for parameters in (fragments.parameters | asked, fragments.parameters):
        with open_directory() as folder:
            postfix = Postfix(folder, next_hop="", parameters=parameters, services=fragments.services)
            postfix.configure()
            socket = f"unix:{postfix.directory}/spool/postseal/tls.sock"
            try:
                wiring.check(
                    postfix.configuration, {RequiredTls(Level.DANE): place}, submit_to="", socket=socket
                )
            except BadInput as error:
                told[parameters["postseal_connectors"]] = str(error)

    assert list(told) == [""]
    assert "rules.yaml:3:5: the service 'postseal-tls-dane' does not ask Postseal" in told[""]


def test_fragments_are_good() -> None:
    assert judged() == ""


@pytest.mark.parametrize(
    ("parameters", "services", "expected"),
    [
        pytest.param(
            ("/^X-Postseal-TLS:", "/^X-Other:"),
            ("", ""),
            "rules.yaml:3:5: Postfix does not filter 'X-Postseal-TLS: encrypt' to postseal-tls-encrypt",
            id="no filter",
        ),
        pytest.param(
            ("", ""),
            ("postseal-tls-encrypt unix", "x unix"),
            "no service 'postseal-tls-encrypt'",
            id="no service",
        ),
        pytest.param(
            ("", ""),
            ("security_level=encrypt", "security_level=may"),
            "no service 'postseal-tls",
            id="weak service",
        ),
        pytest.param(
            ("", ""),
            ("  -o cleanup_service_name=postseal-requeue\n", ""),
            "mail from 'pickup/unix' would lose the TLS that it needs",
            id="no cleanup",
        ),
        pytest.param(
            ("", ""),
            ("header_checks=$milter_header_checks", "header_checks="),
            "would lose the TLS that it needs",
            id="no checks",
        ),
    ],
)
def test_missing_piece_is_told(parameters: tuple[str, str], services: tuple[str, str], expected: str) -> None:
    assert expected in judged(parameters=parameters, services=services)


def test_postfix_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert "would" in problems(tmp_path / "none", "") or "cannot be asked" in problems(tmp_path / "none", "")


def test_nothing_required_needs_no_postfix(tmp_path: Path) -> None:
    wiring.check(tmp_path / "none", {}, submit_to="")


def test_senders_must_not_switch_tls_off() -> None:
    assert "main.cf: a sender's field 'TLS-Required: no' would switch TLS off" in judged(
        more="tls_required_enable"
    )
