"""The processes, their shared memory and their lives."""
