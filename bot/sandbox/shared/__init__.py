"""What the sandbox's servers have in common: serving, ports, the clock, the queue of ordered faults."""
