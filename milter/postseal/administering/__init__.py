"""The administrators' page, a process of its own; nothing here opens a message."""
