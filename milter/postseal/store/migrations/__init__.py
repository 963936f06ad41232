"""How the schema came to be: alembic's environment, and one file for each step, in `versions`."""
