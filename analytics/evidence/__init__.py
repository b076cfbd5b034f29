"""The literature shelf: published trials, what they print, and how this study stands beside them."""
