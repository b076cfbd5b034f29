"""From the files that people have to rows that are checked, each with its line and its reason."""
