"""Signing: a model, or a folder with one, gets a bundle.

What the policy refuses is not signed. The manifest lists what the scan found, so that the model is
later granted exactly that and no more; library versions, feature names and the probe's predictions
are read from the model itself.

Trust: whoever signs vouches for what is signed; it is loaded under the guard, as everywhere.
"""

from safeload.signing.dumping import dump
from safeload.signing.models import sign

__all__ = ["dump", "sign"]
