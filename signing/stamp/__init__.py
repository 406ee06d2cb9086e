"""Time-stamps: asked, checked, and shared by many records through a Merkle tree."""

from signing.stamp.merkle import Proof, leads_to, tree
from signing.stamp.tokens import MEDIA_QUERY, MEDIA_REPLY, Query, Stamped, accept, check, query

__all__ = ["MEDIA_QUERY", "MEDIA_REPLY", "Proof", "Query", "Stamped", "accept", "check", "leads_to", "query", "tree"]
