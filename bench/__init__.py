"""How long a registry call takes beside the same statement written by hand."""
