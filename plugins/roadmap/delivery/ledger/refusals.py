"""Why a letter is `rejected`: the mail server refused it for good, or the sender itself did.

What we refused ourselves never left: once its cause is mended, a rerun may plan it anew. What
the mail server refused stays refused until the address is another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# `delivery.last_detail` of what the sender refused; the last with figures after a colon. They
# stand there without a code: with one, the words are the mail server's, whatever they say.
NOT_ALLOWED = "domain_not_allowed"
SPOILT = "integrity"
TOO_LARGE = "too_large"

_WHAT_TO_DO: Mapping[str, str] = MappingProxyType(
    {
        NOT_ALLOWED: (
            "Письмо не отправлено: почтовый домен адреса не разрешён. Исправьте адрес в "
            "«Контактах», лист «Получатели», или список ROADMAP_ALLOWED_DOMAINS и запустите этап "
            "для этого муниципалитета."
        ),
        SPOILT: (
            "Письмо не отправлено: его байты в базе изменены. Ничего не исправляйте в базе, "
            "сообщите в поддержку."
        ),
        TOO_LARGE: (
            "Письмо не отправлено: оно больше, чем принимает почтовый сервер. Попросите "
            "администратора почты увеличить предел и запустите этап для этого муниципалитета."
        ),
    }
)


def ours(detail: str | None, code: int | None) -> str | None:
    """NOT_ALLOWED, SPOILT or TOO_LARGE, where the mail server had no word of the letter."""
    if code is not None:
        return None
    head = (detail or "").partition(":")[0]
    return head if head in _WHAT_TO_DO else None


def what_to_do(detail: str | None, code: int | None) -> str:
    """What happened to a rejected letter, and what the operator does about it, in Russian."""
    reason = ours(detail, code)
    if reason is not None:
        return _WHAT_TO_DO[reason]
    shown = f" (код {code})" if code else ""
    return (
        f"Почтовый сервер отклонил письмо{shown}. Проверьте адрес в «Контактах», лист "
        "«Получатели», и запустите этап для этого муниципалитета."
    )
