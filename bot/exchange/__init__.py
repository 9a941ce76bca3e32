"""The conversation with Exchange Online: the only room that knows ``InvokeCommand``."""
