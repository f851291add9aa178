"""Why a letter is `rejected`: the mail server refused it for good, or the sender itself did.

What we refused ourselves never left: once its cause is mended, a rerun may plan it anew. What
the mail server refused stays refused until the address is another one.
"""

from __future__ import annotations

# `delivery.last_detail` of what the sender refused; the last with figures after a colon. They
# stand there without a code: with one, the words are the mail server's, whatever they say.
NOT_ALLOWED = "domain_not_allowed"
SHARED = "shared_mailbox"
SPOILT = "integrity"
TOO_LARGE = "too_large"
_OURS = frozenset({NOT_ALLOWED, SHARED, SPOILT, TOO_LARGE})


def ours(detail: str | None, code: int | None) -> str | None:
    """NOT_ALLOWED, SHARED, SPOILT or TOO_LARGE, where the mail server had no word of the letter."""
    if code is not None:
        return None
    head = (detail or "").partition(":")[0]
    return head if head in _OURS else None
