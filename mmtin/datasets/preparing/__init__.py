"""Data sets made from what their owners ship, and checks of their clips."""
