"""News: collecting it while the program runs, and asking a language model about it where the user wants that."""
