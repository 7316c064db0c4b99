"""The settings of the demo ATS."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """The origins of the ATS, the widget and the sandbox, and two secrets of the widget.

    The secrets are its WIDGET_HOST_TOKEN and its WIDGET_EVENTS_SECRET.
    """

    origin: str
    widget_url: str
    sandbox_url: str
    widget_token: str = field(repr=False)
    events_secret: str = field(repr=False)
