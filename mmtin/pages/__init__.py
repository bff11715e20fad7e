"""Self-contained HTML pages: what those of all rooms share."""
