"""A demo of the widget: an invented ATS, and a sandbox of the Partner API.

Like any ATS, it talks to the widget over HTTP, and imports nothing from it.
"""
