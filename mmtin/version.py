"""The version, for pyproject.toml and for what is written into files."""

__version__ = '0.1.0'
