"""What may be written about the administrators' page, and what would let in too many or nobody."""

from pathlib import Path

import pytest

from postseal.administering.desk import role_of
from postseal.errors import BadInput
from postseal.settings import settings
from postseal.settings.admin import Admin, Role

PROVIDERS = (
    "sign_in: {providers: [{name: corp, issuer: 'https://a', client_id: c, client_secret: 'file:/x'}]}\n"
)


def load(folder: Path, text: str) -> Admin:
    file = folder / "postseal.yaml"
    file.write_text(f"ome: {{portal: 'https://portal.example'}}\n{PROVIDERS}admin: {{{text}}}\n")
    return settings.load(file).admin


def test_people_are_read_with_their_roles(tmp_path: Path) -> None:
    admin = load(
        tmp_path,
        "address: https://admin.example, sign_in: corp,"
        " people: {Ann@Example.com: admin, 'group:Help Desk': support, rev@example.com: auditor}",
    )

    assert admin.address == "https://admin.example"
    assert role_of(admin.people, "ann@example.com", ()) is Role.ADMIN
    assert role_of(admin.people, "rev@example.com", ["Help Desk"]) is Role.SUPPORT
    assert role_of(admin.people, "rev@example.com", ["help desk"]) is Role.AUDITOR
    assert role_of(admin.people, "bob@example.com", ["staff"]) is None
    assert role_of(admin.people, "", ()) is None
    assert role_of(admin.people, "group:Help Desk", ["rev@example.com"]) is None


def test_page_is_off_by_default_and_roles_include_those_below(tmp_path: Path) -> None:
    assert load(tmp_path, "idle: 15m") == Admin()
    assert not Admin().address
    for number, role in enumerate(Role):
        assert [role.includes(other) for other in Role] == [place <= number for place in range(len(Role))]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("address: http://admin.example", "bad address of a portal"),
        (
            "address: https://portal.example, people: {a@b.example: admin}",
            "the address is that of the portal",
        ),
        (
            "address: 'https://192.0.2.7', passkeys: true, people: {a@b.example: admin}",
            "passkeys need a page with a name",
        ),
        ("address: https://admin.example", "nobody could do anything"),
        ("people: {ann@example.com: root}", "unknown word 'root'"),
        ("people: {ann: admin}", "expected an address, found 'ann'"),
        ("people: {none: admin}", "expected an address, found 'none'"),
        ("people: {'group:': admin}", "bad group 'group:'"),
        ("people: {'group:x': admin}", "nobody says who is in 'group:x'"),
        ("sign_in: other", "there is no provider 'other'"),
        ("sign_in: passcode", "there is no provider 'passcode'"),
        ("listen: '0.0.0.0:8600'", "other hosts can reach '0.0.0.0:8600'"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, written: str, expected: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(tmp_path, written)

    assert expected in str(caught.value)
    assert "postseal.yaml:" in str(caught.value)


def test_provider_must_not_be_called_like_a_link(tmp_path: Path) -> None:
    file = tmp_path / "postseal.yaml"
    file.write_text(PROVIDERS.replace("corp", "link"))

    with pytest.raises(BadInput, match="another way to sign in"):
        settings.load(file)
