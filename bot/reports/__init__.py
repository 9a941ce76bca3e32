"""What the command line prints and machines fetch: facts in, text or bytes out.

Must never change anything.
"""
