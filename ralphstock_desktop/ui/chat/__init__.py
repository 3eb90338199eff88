"""The chat panel: how a conversation is shown, asked for and listed."""
