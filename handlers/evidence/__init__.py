"""Make evidence for an auditor: a period's population, its proof of completeness, and the file."""
