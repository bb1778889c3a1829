"""The version of this package and, checked when it is loaded, of the component inside."""

__version__ = "0.1.0"
