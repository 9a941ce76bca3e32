"""How one command travels to Exchange Online: connections, encodings, answers as bytes.

Nothing here is judged as Exchange's word.
"""
