"""What a model may call later: kinds of callables, where each may stand, combinators."""
