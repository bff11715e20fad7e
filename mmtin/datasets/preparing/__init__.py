"""Prepare data sets from their owners' files, and check their clips."""
