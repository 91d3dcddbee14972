"""skops files: an archive whose schema names every type."""
