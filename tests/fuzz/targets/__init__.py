"""One module for each target; its ``TARGET`` is what the runner takes."""
