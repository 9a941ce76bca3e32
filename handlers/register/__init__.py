"""Keep the register of devices: who still needs legacy TLS, whose they are, when they go.

No act here opts in or lengthens a window: that takes a change, which two people make.
"""
