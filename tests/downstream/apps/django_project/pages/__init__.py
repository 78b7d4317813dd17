"""An app of a small project."""
