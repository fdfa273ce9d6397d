"""The show file: checked, watched, and saved with its comments."""
