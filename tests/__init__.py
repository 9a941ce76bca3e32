"""Claims about the program, each file a behaviour, each name a sentence."""
