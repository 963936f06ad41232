"""Mail that we opened is closed again for those outside; that it would travel by TLS does not close it."""

import pytest

from postseal.envelope import Recipient
from postseal.opened_mail import closed
from postseal.treatment import Treatment

EVE = Recipient("eve@else.example")


@pytest.mark.parametrize(
    ("protect", "expected"),
    [
        ((), ("smime", "ome")),
        (("tls",), ("smime", "ome")),
        (("tls", "ome"), ("ome",)),
        (("smime",), ("smime",)),
    ],
)
def test_closed_by_methods_that_close(protect: tuple[str, ...], expected: tuple[str, ...]) -> None:
    treatments = closed({EVE: Treatment(protect)}, lambda address: False)

    assert treatments[EVE].protect == expected
