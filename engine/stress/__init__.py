"""The stress rehearsal: a show is run, its plugs are pulled, and what visitors would have met is told."""
