"""Stockade: listed shares as permissioned tokens. The library behind the scripts; it runs without Ape."""

__version__ = "0.1.0"
