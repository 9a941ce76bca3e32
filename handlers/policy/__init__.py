"""Judge who may read, ask, decide and opt out, what a form may hold, and which votes count.

Pure: values in, verdicts out.
"""
