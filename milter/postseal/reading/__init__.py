"""What the portal shows of a decrypted message, safely.

`view.view` makes a `View` of a `Message`; `walls` holds the headers and the sandbox to serve it with.
"""
