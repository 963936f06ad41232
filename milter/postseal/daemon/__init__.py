"""The running daemon: a supervisor without threads, the workers it forks, and their exporter."""
