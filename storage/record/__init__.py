"""The record as a whole: verified, exported, replayed, adopted, and compared with what this process saw before."""
