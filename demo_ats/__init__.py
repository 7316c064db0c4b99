"""A demo of the widget: an invented ATS, and a sandbox of the Partner API.

Nothing in here imports `widget`: like any ATS, it talks to it over HTTP.
"""
