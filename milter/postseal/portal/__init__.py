"""What a recipient of a sealed message sees: a process that knows neither policies nor S/MIME."""
