"""What was observed: from files to tables to frames, in immutable revisions."""
