"""Wires: bytes of a partner's protocol on one side, calls and replies on the other."""
