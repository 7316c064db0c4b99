"""The body with which an ATS opens a session: what is required, corrected and refused."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from widget.json_body import Note
from widget.model import Permission
from widget.origins import NotAnOrigin, covers, origin

MAX_CV_LENGTH = 200_000
MAX_TEXT_LENGTH = 1_000
SHORTENED = f"Had more than {MAX_CV_LENGTH} characters, and was cut after them"
NAMES = ("first_name", "last_name")


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _as_text(value: Any) -> Any:
    """Identifiers may be whole numbers. `isinstance` would accept `True` as one."""
    return str(value) if type(value) is int else value


RequiredText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_LENGTH)]
Text = Annotated[
    Annotated[str, StringConstraints(max_length=MAX_TEXT_LENGTH)] | None,
    BeforeValidator(_none_if_blank),
]
CVText = Annotated[
    str | None,
    BeforeValidator(_none_if_blank),
    Field(description=f"Plain text. Cut after {MAX_CV_LENGTH} characters."),
]
Identifier = Annotated[
    RequiredText,
    BeforeValidator(_as_text),
    WithJsonSchema(
        {"type": ["string", "integer"], "minLength": 1, "maxLength": MAX_TEXT_LENGTH},
    ),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Client(_Model):
    """The recruiter, and the company that is billed. `id` is the ATS's own identifier."""

    id: Identifier
    first_name: Text = None
    last_name: Text = None
    company: Text = None


class Candidate(_Model):
    """Whom the report is about. `id` is the ATS's own identifier. One of the names is required."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"type": "string", "pattern": r"\S"}}}
                for name in NAMES
            ]
        }
    )

    id: Identifier
    first_name: Text = None
    last_name: Text = Field(default=None, validate_default=True)
    company: Text = None
    location: Text = None
    role: Text = None
    cv: CVText = None

    @field_validator("last_name")
    @classmethod
    def _or_first_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("first_name", "not valid itself") is None:
            message = "One of first_name and last_name is required"
            raise PydanticCustomError("no_name", message, {"fields": NAMES})
        return value


class Viewer(_Model):
    """The user of the ATS who looks at the profile. `id` is the ATS's own identifier."""

    id: Identifier


class Appearance(_Model):
    """How the widget looks. It is not sent to the Partner API."""

    theme: Literal["light", "dark", "auto"] = "auto"
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    font: Literal["system", "serif", "mono"] = "system"
    density: Literal["compact", "comfortable"] = "comfortable"
    radius: Literal["none", "small", "large"] = "small"
    intro: StrictBool = Field(
        default=False, description="Whether a line beside an idle button says what it offers."
    )


class SessionRequest(_Model):
    """The Partner API's create body, and fields for the widget alone."""

    language: RequiredText
    client: Client
    candidate: Candidate
    appearance: Appearance = Field(default_factory=Appearance)
    viewer: Viewer | None = None
    permissions: list[Permission] = Field(
        default=list(Permission), min_length=1, description="What the viewer may do."
    )
    origin: str | None = Field(
        default=None,
        max_length=MAX_TEXT_LENGTH,
        description="The one origin that may frame this session, of WIDGET_ALLOWED_ORIGINS.",
    )

    @field_validator("origin")
    @classmethod
    def _is_allowed(cls, value: str | None, info: ValidationInfo) -> str | None:
        """The context of the validation has the settings' `allowed_origins`."""
        if value is None:
            return None
        try:
            named = origin(value)
        except NotAnOrigin:
            named = ""
        context: Any = info.context
        if not any(covers(allowed, named) for allowed in context["allowed_origins"]):
            message = "Input should be an origin that WIDGET_ALLOWED_ORIGINS covers"
            raise PydanticCustomError("origin", message)
        return named

    def create_body(self) -> dict[str, Any]:
        return self.model_dump(include={"language", "client", "candidate"}, exclude_none=True)


def shorten_cv(body: Any) -> list[Note]:
    """Cuts a CV that is too long, in place, and returns a note on it."""
    match body:
        case {"candidate": {"cv": str(cv)} as candidate} if len(cv) > MAX_CV_LENGTH:
            candidate["cv"] = cv[:MAX_CV_LENGTH]
            return [{"field": "candidate.cv", "message": SHORTENED}]
        case _:
            return []
