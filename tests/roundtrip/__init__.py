"""Values that go into a database and come out again, the same on both dialects."""
