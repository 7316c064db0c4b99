"""TieTalent Candidate Intelligence, embedded in the candidate profiles of an ATS."""

from importlib.metadata import version

__version__ = version("candidate-widget")
