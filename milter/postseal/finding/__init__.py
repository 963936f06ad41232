"""A recipient's certificate, wherever it is: the sources in their order, each with a limit of time."""
