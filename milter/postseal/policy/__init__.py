"""What should happen: conditions, actions, rules, and the files they are read from."""
