"""A key that never leaves its hardware (PKCS#11): a pool of logged-in sessions, opened anew when the token went away.

Sessions may not be shared by threads, so each operation borrows one. The binding opens the vendor's library as for a
single thread, so one operation of a library is at work at a time. What a token says of a lost login, a closed
session or a pulled card is answered by opening all anew, once; then the key is unavailable, and nothing was signed.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import new as new_hash
from queue import Empty, LifoQueue
from typing import Any  # python-pkcs11 has no types

import pkcs11
from cryptography import x509
from pkcs11 import KeyType, Mechanism, ObjectClass
from pkcs11.constants import Attribute
from pkcs11.mechanisms import MGF

from schemas.problem import Refused, Stage, problem
from signing.algorithms import RECIPES, Algorithm, Padding
from signing.keys import KeyUnavailable, SigningKey
from signing.policy import BUS, Policy
from signing.trust.papers import read_certificates

_LOCKS: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)  # by library, for the whole process
_WAIT_S = 10.0  # for a free session
_RSA = {"sha256": Mechanism.SHA256_RSA_PKCS, "sha384": Mechanism.SHA384_RSA_PKCS, "sha512": Mechanism.SHA512_RSA_PKCS}
_PSS = {
    "sha256": (Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.SHA256, MGF.SHA256, 32),
    "sha384": (Mechanism.SHA384_RSA_PKCS_PSS, Mechanism.SHA384, MGF.SHA384, 48),
    "sha512": (Mechanism.SHA512_RSA_PKCS_PSS, Mechanism.SHA512, MGF.SHA512, 64),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the key is."""

    module: str  # path of the vendor's library
    token: str  # label
    label: str  # of the key, and of its certificate
    pin: str = field(repr=False)
    sessions: int = 4


class Pool:
    """Logged-in sessions of one token. Thread-safe."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._free: LifoQueue[Any] = LifoQueue()
        self._era = 0  # grows when all are opened anew: older sessions are not given back
        with _LOCKS[place.module]:
            self._open()

    def use(self, action: Callable[[Any], bytes]) -> bytes:
        """Carries out one action with a session of its own.

        Raises:
            KeyUnavailable: the token does not answer, also after logging in anew.
        """
        era = self._era
        try:
            return self._with_session(action)
        except (pkcs11.PKCS11Error, KeyUnavailable):
            self._reopen(era)
        try:
            return self._with_session(action)
        except pkcs11.PKCS11Error as error:
            raise KeyUnavailable(f"token {self._place.token}: {type(error).__name__}") from error

    def _with_session(self, action: Callable[[Any], bytes]) -> bytes:
        era, free = self._era, self._free
        try:
            session = free.get(timeout=_WAIT_S)
        except Empty:
            raise KeyUnavailable(f"token {self._place.token}: no session became free") from None
        try:
            with _LOCKS[self._place.module]:
                return action(session)
        finally:
            if era == self._era:
                free.put(session)

    def _reopen(self, era: int) -> None:
        with self._lock, _LOCKS[self._place.module]:
            if era != self._era:  # somebody else has done it meanwhile
                return
            while True:
                try:
                    self._free.get_nowait().close()
                except Empty:
                    break
                except pkcs11.PKCS11Error:
                    continue
            try:
                self._open()
            except pkcs11.PKCS11Error as error:
                raise KeyUnavailable(f"token {self._place.token}: {type(error).__name__}") from error

    def _open(self) -> None:
        token = pkcs11.lib(self._place.module).get_token(token_label=self._place.token)
        free: LifoQueue[Any] = LifoQueue()
        for _ in range(self._place.sessions):
            free.put(self._session(token))
        self._free, self._era = free, self._era + 1

    def _session(self, token: Any) -> Any:  # Any: python-pkcs11
        """One login is good for all sessions of a process, also of another key on the same token."""
        try:
            return token.open(user_pin=self._place.pin)
        except pkcs11.UserAlreadyLoggedIn:
            return token.open()


def from_pkcs11(
    place: Place,
    *,
    key_id: str,
    certificate: bytes | None = None,
    algorithm: Algorithm | None = None,
    policy: Policy = BUS,
) -> SigningKey:
    """The token's key. `certificate`: PEM, where the token holds none of that label.

    Raises:
        Refused: no such library, token, key or certificate; wrong PIN (LT-SIGN-007); a weak key.
    """
    try:
        pool = Pool(place)
        papers = read_certificates(certificate or pool.use(lambda session: _paper(session, place)), name=place.label)
        public = papers[0].public_key()
        pool.use(lambda session: bytes(bool(_private(session, place)))[:1])
    except (pkcs11.PKCS11Error, KeyUnavailable, OSError, RuntimeError) as error:
        values = {"key": ascii(key_id), "reason": type(error).__name__}
        raise Refused((problem("LT-SIGN-007", Stage.CONFIGURE, values),)) from error
    return _loaded(pool, place, papers, public, key_id=key_id, algorithm=algorithm, policy=policy)


def _loaded(
    pool: Pool,
    place: Place,
    papers: tuple[x509.Certificate, ...],
    public: Any,  # Any: of a kind that `of_operation` judges
    *,
    key_id: str,
    algorithm: Algorithm | None,
    policy: Policy,
) -> SigningKey:
    draft = SigningKey.of_operation(lambda data: b"", public, papers, key_id=key_id, algorithm=algorithm, policy=policy)

    def operate(data: bytes) -> bytes:
        return pool.use(lambda session: _sign(_private(session, place), data, draft.algorithm))

    return SigningKey.of_operation(operate, public, papers, key_id=key_id, algorithm=draft.algorithm, policy=policy)


def _private(session: Any, place: Place) -> Any:  # Any: python-pkcs11
    return session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=place.label)


def _paper(session: Any, place: Place) -> bytes:
    wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: place.label}
    for found in session.get_objects(wanted):
        return bytes(found[Attribute.VALUE])
    raise pkcs11.NoSuchKey


def _sign(private: Any, data: bytes, algorithm: Algorithm) -> bytes:
    recipe = RECIPES[algorithm]
    if private.key_type is KeyType.EC:  # r and s of equal length, as both JWS and XML-DSig want it
        return bytes(private.sign(new_hash(recipe.hash_name, data).digest(), mechanism=Mechanism.ECDSA))
    if private.key_type is KeyType.EC_EDWARDS:
        return bytes(private.sign(data, mechanism=Mechanism.EDDSA))
    if recipe.padding is Padding.PSS:
        mechanism, digest, mask, salt = _PSS[recipe.hash_name]
        return bytes(private.sign(data, mechanism=mechanism, mechanism_param=(digest, mask, salt)))
    return bytes(private.sign(data, mechanism=_RSA[recipe.hash_name]))
