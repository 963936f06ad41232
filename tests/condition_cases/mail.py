from datetime import UTC, datetime

from postseal.envelope import Client
from postseal.smime_state import NO_SMIME

ANN, BOB = "ann@example.com", "bob@mail.example"
LOGIN = Client("198.51.100.1", login="ann")
MAIL = {
    "sender": ANN,
    "to": BOB,
    "others": [],
    "client": LOGIN,
    "at": datetime(2026, 11, 23, 12, tzinfo=UTC),
    "subject": "",
    "headers": {},
    "body": "",
    "smime": NO_SMIME,
}
