"""What an operator asks of a running service: how it stands, and work on what it holds."""
