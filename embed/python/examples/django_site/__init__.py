"""A Django project that keeps accounts and records in its own database."""
