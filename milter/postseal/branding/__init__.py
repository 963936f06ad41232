"""How an organisation presents itself to recipients: one or several brandings, for mail and portal alike."""
