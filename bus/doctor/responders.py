"""Whether responders (OCSP) of the trust stores answer at all; what they say of a certificate is no matter here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bus.doctor.finding import Finding, good, note, wrong
from bus.key_sections import TrustSettings
from bus.status_answers import put_question
from bus.status_rule import ANY
from signing.trust import TrustStore
from signing.trust.asking import Certificate, name_of

_PATIENCE_S = 3.0


def look_at_responders(name: str, rule: TrustSettings, store: TrustStore) -> Iterator[Finding]:
    """Each address of the settings is asked once, about an authority of the store."""
    asked = rule.status_rule()
    if asked is None:
        return
    subject = f"{name} OCSP"
    for whose, address in asked.addresses.items():
        issuer = _authority(whose, store)
        if issuer is None:
            vi, en = f"kho không có CA tên “{whose}”", f"the store has no authority called “{whose}”"
            yield note("trust", subject, vi, en)
            continue
        reply, is_away = put_question(issuer, issuer, address, timeout_s=_PATIENCE_S, now=datetime.now(UTC))
        if is_away or reply.is_unreadable:
            yield wrong("trust", subject, "LT-TRUST-022", address=address, reason=reply.why)
        else:
            yield good("trust", subject, f"{address} trả lời", f"{address} answers")
    if asked.hosts:
        hosts = ", ".join(sorted(asked.hosts))
        yield good("trust", subject, f"hỏi theo chứng thư ở / by certificates at: {hosts}")


def _authority(whose: str, store: TrustStore) -> Certificate | None:
    return next((one for one in (*store.anchors, *store.intermediates) if whose in (ANY, name_of(one))), None)
