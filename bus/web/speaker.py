"""Who speaks at a door by a signature or a login of the gate's: callers, their certificates, keys and habits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bus.live_trust import LiveTrust
from bus.web.networks import Network
from schemas.message import Party
from schemas.problem import Problem, Stage, problem
from signing.dsig.key_info import Hints
from signing.encryption import Opener
from signing.keys import VerifyKey, certificate_fingerprint
from signing.policy import PARTNER_DSIG, PARTNER_JWS, PARTNER_SOAP, PARTNER_XADES, Policy
from signing.trust import Entitlement, Trust

POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        "wss": PARTNER_SOAP, "login": PARTNER_SOAP, "dsig": PARTNER_DSIG, "xades": PARTNER_XADES, "jws": PARTNER_JWS,
    }
)  # fmt: skip
DOCUMENTS = ("dsig", "xades")  # ways whose signature stands in the document that is sent


@dataclass(frozen=True, slots=True)
class Speaker:
    """One caller of one door."""

    id: str
    party: Party
    register: tuple[Entitlement, ...]
    store: LiveTrust | None  # None: its certificates are believed as they are
    pinned: Trust | None
    way: str = "wss"  # as in the settings: wss | login | dsig | xades | jws
    keys: Mapping[str, VerifyKey] = field(default_factory=dict)  # by the names it gives them
    user: str = ""
    secret: str = field(default="", repr=False)
    login: str = ""  # a UsernameToken must be there: "text" | "digest"
    networks: tuple[Network, ...] = ()
    good_for_s: float = 0.0  # dsig, xades: a document may come so long after it was signed
    opens: frozenset[str] = frozenset()  # our keys that are agreed with it for encryption
    encrypts: bool = False  # nothing of its is taken in the clear
    signed_answers: bool = False
    says_where: bool = True  # jws: nothing of its is taken that does not say which address it goes to

    @property
    def signs(self) -> bool:
        """False: the UsernameToken alone says who it is."""
        return self.way != "login"

    def has(self, fingerprint: str) -> bool:
        """Its certificate, whatever that entitles to."""
        return any(line.fingerprint == fingerprint for line in self.register)

    def judged(self, hints: Hints, now: datetime) -> VerifyKey | tuple[Problem, ...]:
        """The key of its certificate, if that is to be believed now."""
        if self.store is not None:
            return self.store.key(hints, now=now)
        if self.pinned is not None:
            return self.pinned.keys(now=now)(hints)
        return _unknown("X509Certificate")

    def by_name(self, name: str, now: datetime) -> VerifyKey | tuple[Problem, ...]:
        """The same of a key it only names: its certificate, if there is one, is judged as if it had come along."""
        key = self.keys[name]
        return self.judged(Hints(name, (key.certificate,)), now) if key.certificate else key


@dataclass(frozen=True, slots=True)
class Speakers:
    """The secured callers of one door. Immutable but for the stores, which follow their folders."""

    all: tuple[Speaker, ...]
    alone: bool  # nobody else may call this door
    opener: Opener = field(default_factory=Opener)
    jws_header: str = ""  # lower case; "" = nobody signs by JWS here

    def of_key(self, fingerprint: str, ways: tuple[str, ...]) -> Speaker | None:
        """Whose certificate it is, of those who sign in one of these ways."""
        return next((one for one in self.all if one.way in ways and one.has(fingerprint)), None)

    def of_user(self, user: str) -> Speaker | None:
        """Who logs in by this name."""
        return next((one for one in self.all if one.login and one.user == user), None)

    def password(self, user: str) -> str | None:
        """Of a user; None = not known."""
        found = self.of_user(user)
        return found.secret if found is not None else None

    def those(self, *ways: str) -> tuple[Speaker, ...]:
        """Who comes in one of these ways."""
        return tuple(one for one in self.all if one.way in ways)

    @property
    def unsigned(self) -> bool:
        """Somebody may come without a signature."""
        return any(not one.signs for one in self.all)

    @property
    def clear(self) -> bool:
        """Somebody sends the password itself."""
        return any(one.login == "text" for one in self.all)

    def key(self, hints: Hints, now: datetime, ways: tuple[str, ...]) -> VerifyKey | tuple[Problem, ...]:
        """The key of a certificate that came with a message, or that the message names, if it is to be believed now.
        One that nobody is known by is judged all the same: the record then says whether it is a stranger's or only not
        entitled."""
        if not hints.certificates:
            name = hints.key_name or ""
            named = next((one for one in self.those(*ways) if name in one.keys), None)
            return named.by_name(name, now) if named is not None else _unknown(name or "KeyInfo")
        fingerprint = certificate_fingerprint(hints.certificates[0])
        whose = self.of_key(fingerprint, ways) if fingerprint is not None else None
        if whose is not None:
            return whose.judged(hints, now)
        found: VerifyKey | tuple[Problem, ...] = _unknown("X509Certificate")
        stores = {one.store.name: one.store for one in self.those(*ways) if one.store is not None}
        for store in stores.values():
            found = store.stranger(hints, now=now)
            if isinstance(found, VerifyKey):
                return found
        return found


def _unknown(found: str) -> tuple[Problem, ...]:
    return (problem("LT-SIGN-037", Stage.RECEIVE, {"found": ascii(found)[1:-1]}),)
