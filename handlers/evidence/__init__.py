"""Evidence for an auditor: the population of a period, what proves that it is whole, and the file that holds both."""
