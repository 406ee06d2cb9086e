"""Signatures and keys: one strict profile, tied to no message."""
