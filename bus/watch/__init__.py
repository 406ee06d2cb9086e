"""Watching: does it move, what is stuck, what is counted."""
