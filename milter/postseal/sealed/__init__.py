"""The sealed container, the text form that HTML can carry, and the keys that open it."""
