"""A room that is computed: projectors light its surfaces, cameras look at them, and the truth is known."""
