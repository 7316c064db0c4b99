"""What the demo ATS is told at start."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Origins of the widget and the sandbox, and the token that opens embed sessions."""

    widget_url: str
    sandbox_url: str
    widget_token: str = field(repr=False)
