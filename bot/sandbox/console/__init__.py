"""The sandbox's web page and what a person does on it."""
