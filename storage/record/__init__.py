"""Handle the record as a whole: verify, export, replay, adopt, compare with what was seen."""
