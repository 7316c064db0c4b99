"""A sandbox of the Partner API: the same calls and answers, with invented reports."""
