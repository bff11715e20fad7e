"""Videos: reading and decoding them."""
