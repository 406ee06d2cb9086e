"""WS-Security 1.1: X.509 and user name tokens, timestamp, one signature over parts told by their places."""

from signing.wss.answer import secure_answer
from signing.wss.freshness import MemoryReplays, Replays
from signing.wss.names import Part
from signing.wss.secure import Login, secure
from signing.wss.username import Users
from signing.wss.verify import REQUIRED, Required, Secured, verify_soap

__all__ = [
    "REQUIRED",
    "Login",
    "MemoryReplays",
    "Part",
    "Replays",
    "Required",
    "Secured",
    "Users",
    "secure",
    "secure_answer",
    "verify_soap",
]
