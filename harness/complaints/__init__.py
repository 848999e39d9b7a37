"""When a mark is questioned: what is behind a verdict, a hand-in frozen with all that decided it, and what changed
between two results."""
