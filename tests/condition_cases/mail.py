from postseal.envelope import Client

ANN, BOB = "ann@example.com", "bob@mail.example"
LOGIN = Client("198.51.100.1", login="ann")
MAIL = {
    "sender": ANN,
    "to": BOB,
    "client": LOGIN,
    "subject": "",
    "headers": {},
    "body": "",
}
