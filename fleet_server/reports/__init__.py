"""What is told to venues and offices."""
