"""What a database holds and does at the moment: the sizes of tables, and a server's statements."""
