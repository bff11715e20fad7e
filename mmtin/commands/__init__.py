"""What commands share: arguments, errors in one sentence, the terminal, the cores."""
