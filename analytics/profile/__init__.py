"""One patient's course: points, timeline, words, what is new; and the worklist of a cohort."""
