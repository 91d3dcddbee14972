"""How does a model come into another format, out of a file that nobody should unpickle?"""

from safeload.converting.conversion import Converted, convert

__all__ = ["Converted", "convert"]
