"""What is read and written for each type of question (domain.md §8.1)."""
