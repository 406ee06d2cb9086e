"""Whose dossier it is. Pure: both journals ask here."""

from __future__ import annotations

from collections.abc import Iterable


def may_touch(party: str, matched: Iterable[str]) -> bool:
    """Whether a caller may write to a dossier that it named by names of these parties.

    One of them must be a name of the caller's own (`party` or `party.…`): knowing what the portal calls a dossier
    does not make it one's own. Nothing matched: there is no dossier to touch.
    """
    parties = tuple(matched)
    return not parties or any(one == party or one.startswith(f"{party}.") for one in parties)
