"""The application that keeps what Merge has."""
