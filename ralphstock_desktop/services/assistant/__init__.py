"""The assistant: understands a question, reads what is known, writes the answer, and checks every number of it."""
