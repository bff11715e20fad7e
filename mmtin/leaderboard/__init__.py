"""Published figures of models beside those counted, timed and tested with mmtin."""
