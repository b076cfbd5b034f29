"""A study out of the store: files that import again, standards for others, and what each cannot carry."""
