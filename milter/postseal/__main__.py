"""`python -m postseal` is the command `postseal`."""

from postseal.cli.main import main

main(prog_name="postseal")
