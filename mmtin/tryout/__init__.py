"""A page on which one tries a network on videos, and sees what it predicts and how it interlaces them."""
