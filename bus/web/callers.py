"""Who may call which door: names, keys and public keys from the settings, compared without telling by time."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.manifest import Auth
from adapters.wire.contract import Credentials, HttpRequest
from bus.web.networks import Network, is_within
from schemas.message import Party
from signing.jws import verify_detached
from signing.keys import VerifyKey

log = logging.getLogger("lienthong.door")


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller of one door."""

    id: str  # its name in the settings; the key id of its signature where `user` is empty
    party: Party
    user: str  # "" where the key alone says who it is
    secret: str = field(repr=False)  # password or shared key; for signatures the public key's PEM
    networks: tuple[Network, ...] = ()  # it may call from these alone; () = from anywhere
    dangerous_open: bool = False  # stands for everybody who shows nothing; never where callers sign


class Callers:
    """PartnerKeys over a fixed list. Immutable after construction, thread-safe."""

    def __init__(self, callers: Iterable[Caller], *, kinds: dict[str, Auth]) -> None:
        """`kinds`: how each system's callers prove themselves.

        Raises:
            Refused: a public key is unreadable or weak.
        """
        self._kinds = kinds
        self._by_system: dict[str, list[tuple[Caller, bytes]]] = {}
        self._open: dict[str, Caller] = {}
        self._keys: dict[str, dict[str, VerifyKey]] = {}
        for caller in callers:
            system = caller.party.system
            if caller.dangerous_open:
                self._open[system] = caller
                continue
            self._by_system.setdefault(system, []).append((caller, _mark(caller.user, caller.secret)))
            if kinds.get(system) is Auth.JWS:
                key_id = caller.user or caller.id
                key = VerifyKey.from_pem(caller.secret.encode(), key_id=key_id)
                self._keys.setdefault(system, {})[key_id] = key

    def check(self, system: str, credentials: Credentials | None, request: HttpRequest) -> Party | None:
        """The caller, or None. An unknown name costs as much as a wrong password: every caller is compared. Whoever
        calls from elsewhere than it may gets the same answer; the log knows."""
        caller = self._find(system, credentials, request)
        if caller is None:
            return None
        if caller.networks and not is_within(request.peer, caller.networks):
            log.warning("caller %s is right but calls from %s, see callers.%s.from", caller.id, request.peer, caller.id)
            return None
        return caller.party

    def _find(self, system: str, credentials: Credentials | None, request: HttpRequest) -> Caller | None:
        if self._kinds.get(system) is Auth.JWS:
            return self._signed(system, credentials, request)
        shown = credentials or Credentials("", "")
        mark = _mark(shown.user, shown.secret)
        found = None
        for caller, known in self._by_system.get(system, []):
            if hmac.compare_digest(mark, known) and caller.secret:
                found = caller
        return found if shown.secret else self._open.get(system)

    def _signed(self, system: str, credentials: Credentials | None, request: HttpRequest) -> Caller | None:
        if credentials is None:
            return None
        for key_id, key in self._keys.get(system, {}).items():
            if not verify_detached(request.body, credentials.secret, {key_id: key}):
                return next(c for c, _ in self._by_system[system] if (c.user or c.id) == key_id)
        return None


def _mark(user: str, secret: str) -> bytes:
    """Of one length whatever is shown."""
    return hashlib.sha256(f"{len(user)}:{user}:{secret}".encode("utf-8", "surrogatepass")).digest()
