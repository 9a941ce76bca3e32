"""The process: starts, wires, talks to Exchange, keeps time and plays the sandbox."""
