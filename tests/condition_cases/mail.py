from postseal.envelope import Client
from postseal.smime_state import NO_SMIME

ANN, BOB = "ann@example.com", "bob@mail.example"
LOGIN = Client("198.51.100.1", login="ann")
MAIL = {
    "sender": ANN,
    "to": BOB,
    "client": LOGIN,
    "subject": "",
    "headers": {},
    "body": "",
    "smime": NO_SMIME,
}
