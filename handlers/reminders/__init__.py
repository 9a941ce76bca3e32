"""Use cases of reminding: which reminder is due, owing it once, putting it off. Nothing here sends."""
