"""The real picamera2 on the real libcamera, in a Debian tree of its own."""
