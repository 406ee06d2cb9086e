"""What callers are answered, signed by us where that was agreed. An answer that cannot be signed is not given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from adapters.adapter import Adapter
from adapters.wire.contract import HttpReply
from bus.key_cupboard import Cupboard
from bus.keyring import KeySigner
from bus.settings import Settings
from bus.web.speaker import Speaker, Speakers
from bus.web.ways import Question
from schemas.problem import Refused, Stage, problem
from signing.encoding import to_base64url
from signing.jws import sign_detached
from signing.wss import secure_answer


@dataclass(frozen=True, slots=True)
class Answers:
    """Signs them. Thread-safe."""

    signer: KeySigner

    @classmethod
    def of(cls, settings: Settings, doors: Mapping[str, Speakers], cupboard: Cupboard) -> Answers | None:
        """None where nobody asks for it: then a door holds no private key that signs.

        Raises:
            Refused: there is no key, or it has no certificate where SOAP callers ask for one.
        """
        asked = [one for door in doors.values() for one in door.all if one.signed_answers]
        if not asked:
            return None
        signer = cupboard.signer(settings)
        bare = [term.key.key_id for term in signer.terms if not term.key.certificate]
        if bare and any(one.way != "jws" for one in asked):
            raise Refused((problem("LT-WSS-004", Stage.CONFIGURE, {"key": ascii(bare[0])}),))
        return cls(signer)

    def signed(
        self, adapter: Adapter, reply: HttpReply, question: Question, *, speaker: Speaker, header: str
    ) -> HttpReply:
        """The reply with our signature: WS-Security, or a detached JWS in `header`.

        Raises:
            Refused: no key can sign now.
        """
        if not reply.body:
            return reply
        now = self.signer.now()
        if adapter.manifest.wire == "soap":
            body = self.signer.using(
                lambda key: secure_answer(
                    reply.body, key, now=now, relates_to=question.message_id, confirm=question.value
                )
            )[1]
            return replace(reply, body=body)
        claims: dict[str, int | str] = {"iat": int(now.timestamp())}
        if question.value:
            claims["req"] = to_base64url(sha256(question.value.encode("ascii")).digest())
        made = self.signer.using(lambda key: sign_detached(reply.body, key, claims=claims))[1]
        return replace(reply, headers={**reply.headers, header: made})
