"""`postseal doctor` finds what a Postfix is not wired for, asked of its own programs; none of them runs."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demo.place import open_directory
from demo.postfix import Postfix
from fragments import Fragments
from postseal.cli.main import main

RULE = "rules: [{name: tls, then: {require_tls: verify}}]"
CONNECTOR = "outbound: [{name: partner, domains: partner.example, tls: encrypt}]"


def examined(
    changed: Mapping[str, str],
    *,
    services: tuple[str, str] = ("", ""),
    rules: str = RULE,
    connectors: str = "",
    settings: str = "",
) -> Result:
    """What is said about the fragments, with parameters *changed* and one text of master.cf exchanged."""
    fragments = Fragments()
    assert services[0] in fragments.services
    with open_directory() as folder:
        postfix = Postfix(
            folder,
            next_hop="",
            parameters=fragments.parameters | dict(changed),
            services=fragments.services.replace(*services),
        )
        postfix.configure()
        (folder / "policies/connectors").mkdir(parents=True)
        (folder / "policies/1.yaml").write_text(rules)
        (folder / "policies/connectors/1.yaml").write_text(connectors or "{}")
        spool = folder / "spool/postseal"
        (folder / "postseal.yaml").write_text(
            f"policies: policies\nruntime_directory: run\nsubmit_to: 127.0.0.1:{fragments.reinjection_port}\n"
            f"listen: {{socket: 'unix:{spool}/milter.sock'}}\n"
            f"tls: {{enforced: true, postfix: {postfix.configuration}{settings.format(spool=spool)}}}\n"
        )
        return CliRunner().invoke(main, ["doctor", "--settings", str(folder / "postseal.yaml")])


def test_fragments_are_good() -> None:
    done = examined({})

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Postfix 3.")
    assert done.stdout.endswith("; errors: 0, warnings: 0\n")


@pytest.mark.parametrize(
    ("parameters", "services", "expected"),
    [
        ({"smtpd_milters": ""}, ("", ""), "main.cf: smtpd_milters does not lead to unix:"),
        (
            {"non_smtpd_milters": "$dkim_milter"},
            ("", ""),
            "main.cf: non_smtpd_milters does not lead to unix:",
        ),
        (
            {"postseal_milter": "{ unix:postseal/milter.sock, default_action=accept }"},
            ("", ""),
            "smtpd_milters: default_action=accept lets mail through while we fail",
        ),
        (
            {"postseal_milter": "unix:postseal/milter.sock", "milter_default_action": "quarantine"},
            ("", ""),
            "default_action=quarantine lets mail through while we fail",
        ),
        ({}, ("postseal-tls-verify unix", "x unix"), "Postfix has no service 'postseal-tls-verify'"),
        (
            {"tls_required_enable": "yes", "myhostname": "${tls_required_enable}.test"},
            ("", ""),
            "'TLS-Required: no' would switch TLS off",
        ),
    ],
)
def test_what_lets_mail_through_is_an_error(
    parameters: Mapping[str, str], services: tuple[str, str], expected: str
) -> None:
    done = examined(parameters, services=services)

    assert done.exit_code == 1
    assert expected in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize(
    ("parameters", "settings", "expected"),
    [
        ({"always_bcc": "archive@lab.test"}, "", "main.cf: always_bcc adds recipients after"),
        ({"forward_path": "$home/.forward"}, "", "main.cf: forward_path: what an account's"),
        ({"internal_mail_filter_classes": "bounce"}, "", "internal_mail_filter_classes brings"),
        ({}, ", requiretls: true", "master.cf: REQUIRETLS is never asked for: the listener 127.0.0.1:"),
    ],
)
def test_what_may_be_meant_so_is_a_warning(
    parameters: Mapping[str, str], settings: str, expected: str
) -> None:
    done = examined(parameters, settings=settings)

    assert done.exit_code == 0
    assert expected in done.stderr
    assert "; errors: 0, warnings: 1\n" in done.stdout


def test_connectors_that_nobody_answers_about_are_an_error() -> None:
    asked = {"postseal_connectors": "socketmap:unix:postseal/tls.sock"}

    done = examined(asked, connectors=CONNECTOR, settings=", connectors: 'unix:{spool}/tls.sock'")

    assert done.exit_code == 1
    assert "Postfix gets no answer about connectors: No such file or directory" in done.stderr


def test_no_postfix_is_told(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/1.yaml").write_text("rules: []")
    text = f"policies: policies\nruntime_directory: run\ntls: {{postfix: {tmp_path}/nowhere}}\n"
    (tmp_path / "postseal.yaml").write_text(text)

    done = CliRunner().invoke(main, ["doctor", "--settings", str(tmp_path / "postseal.yaml")])

    assert done.exit_code == 1
    assert "main.cf: no Postfix has its configuration here" in done.stderr
