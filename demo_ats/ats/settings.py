"""What the demo ATS is told at start."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Origins of the ATS itself, the widget and the sandbox, and the two secrets that the ATS
    shares with the widget: its WIDGET_HOST_TOKEN and WIDGET_EVENTS_SECRET.
    """

    origin: str
    widget_url: str
    sandbox_url: str
    widget_token: str = field(repr=False)
    events_secret: str = field(repr=False)
