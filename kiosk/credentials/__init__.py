"""What a payload is: one module per kind, pure functions over bytes."""
