"""What would ``torch.load`` do with a checkpoint? It is read here, and never by torch."""

__all__ = ["ARCHIVE", "FORMATS", "LEGACY"]

# The formats of scans: archives of torch 1.6 and later, and what was written before.
ARCHIVE, LEGACY = "torch", "torch-legacy"
FORMATS = frozenset([ARCHIVE, LEGACY])
