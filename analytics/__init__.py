"""What the observations mean: pure functions from frame to frame, and from frame to figure."""
