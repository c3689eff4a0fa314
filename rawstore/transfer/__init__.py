"""Moving rows: from one database to another, and to files and back."""
