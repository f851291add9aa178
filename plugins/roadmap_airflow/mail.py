"""The mail server by way of the provider's SmtpHook: connecting, TLS, logging in.

The form of the connection, the client, the TLS context and the token of OAuth2 are the
provider's. Its `get_conn` and `send_email_smtp` are not used for reports; why not is said in
docs/decisions/0022 and shown by tests/dags/test_smtp_provider.py.
"""

from __future__ import annotations

import binascii
import re
import socket
import ssl
import time
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from airflow.providers.smtp.hooks.smtp import SmtpHook, build_xoauth2_string

from roadmap.broken import what_broke
from roadmap.delivery.sending.smtp import (
    Dialogue,
    MailServer,
    ServerDisconnected,
    SpokeOutOfTurn,
)
from roadmap.delivery.settings import PATIENCE, Patience, is_loopback
from roadmap.delivery.transport import MailServerUnavailable
from roadmap_airflow.connections import ConnectionIncomplete, is_set

if TYPE_CHECKING:
    from airflow.sdk import Connection

_PASSWORD_WAYS = ("PLAIN", "LOGIN", "CRAM-MD5")  # those that the client knows
# OpenSSL's X509_V_ERR_… (x509_vfy.h): what the operator can do something about.
_CERTIFICATE_FAULTS = {
    9: "сертификат ещё не действует",
    10: "срок действия сертификата истёк",
    18: "сертификат самоподписанный",
    19: "среди его сертификатов есть самоподписанный",
    20: "неизвестно, кем выдан сертификат",
    62: "сертификат выдан на другое имя",
    64: "сертификат выдан на другой адрес",
}


def mail_server(
    connection: Connection | None = None, patience: Patience | None = None
) -> MailServer:
    """The mail server of a connection, `smtp_default` where none is given, with its limits.

    The connection is read once, for each look at its extra talks to the supervisor. What it
    lacks raises ConnectionIncomplete, in Russian, before anything is sent.
    """
    if connection is None:
        connection = SmtpHook.get_connection(SmtpHook.default_conn_name)
    hook = MailHook(connection)
    _refuse_incomplete(connection, hook)

    def open_dialogue(ehlo_name: str) -> Dialogue:
        return MailHook(connection, ehlo_name).get_conn().dialogue

    return MailServer(
        host=hook.host,
        is_verified_tls=(hook.use_ssl or hook.smtp_starttls) and hook.ssl_context != "none",
        open=open_dialogue,
        patience=patience or PATIENCE,
    )


class MailHook(SmtpHook):
    """The provider's hook, opened once for a batch of letters, in our limits of time.

    It tries once (waiting is the ledger's and Airflow's), reads each reply within the
    connection's `timeout`, always says EHLO, and lets no password or token go where TLS or the
    way of logging in is not as the connection says.
    """

    dialogue: Dialogue  # over the client, once there is a connection

    def __init__(self, connection: Connection, ehlo_name: str = "localhost") -> None:
        super().__init__(connection.conn_id)
        self.smtp_connection = connection
        self._ehlo_name = ehlo_name

    # -- the connection's fields, where the form and the stock hook differ ----------------------

    @property
    def use_ssl(self) -> bool:
        """TLS from the first byte; a text «false», as a URI gives it, is no yes."""
        return not is_set(self.conn.extra_dejson, "disable_ssl")

    @property
    def smtp_starttls(self) -> bool:
        """STARTTLS, but not over TLS that stands already."""
        return not self.use_ssl and not is_set(self.conn.extra_dejson, "disable_tls")

    @property
    def port(self) -> int:
        return self.conn.port or (465 if self.use_ssl else 25)

    @property
    def smtp_user(self) -> str:
        by_token = self.auth_type == "oauth2"
        return super().smtp_user or (by_token and self.from_email) or ""

    @property
    def auth_type(self) -> str:
        """`basic` where the form left it empty."""
        return super().auth_type or "basic"

    @property
    def ssl_context(self) -> str | None:
        return super().ssl_context or None

    @property
    def smtp_retry_limit(self) -> int:
        """Nothing is said again here; `retry_limit` of the form is the stock hook's."""
        return 0

    @property
    def timeout(self) -> int:
        """Whole seconds for connecting and for each reply before the letters; empty: 30.

        ValueError, TypeError or OverflowError where the field holds no such number.
        """
        return ceil(float(self.conn.extra_dejson.get("timeout") or 30))

    # -- the connection -------------------------------------------------------------------------

    def get_conn(self) -> MailHook:
        """Connected, private and logged in; MailServerUnavailable says in Russian why not."""
        if self._smtp_client is not None:
            return self
        if self.ssl_context == "none":
            raise MailServerUnavailable(
                "Отправка без проверки сертификата запрещена: уберите ssl_context=none"
                " из соединения «smtp_default»."
            )
        client = self._build_client()
        dialogue = Dialogue(client, self.timeout)
        dialogue.until = time.monotonic() + PATIENCE.opening
        try:
            self._greet(client, dialogue)
            self._log_in(client)
        except MailServerUnavailable:
            client.close()
            raise
        except (OSError, ValueError) as broken:
            client.close()
            raise MailServerUnavailable(self._why_not(broken)) from None
        dialogue.until = inf
        self._smtp_client, self.dialogue = client, dialogue
        return self

    def _build_client_kwargs(self, is_async: bool) -> dict[str, Any]:
        """No host: the client shall not connect before it knows our limits of time."""
        kwargs = super()._build_client_kwargs(is_async)
        if is_async:
            return kwargs
        return kwargs | {"host": "", "port": 0, "local_hostname": self._ehlo_name}

    def _greet(self, client: Any, dialogue: Dialogue) -> None:
        # The client checks the certificate against this name, which it learns in __init__ only.
        client._host = self.host
        code, _ = client.connect(self.host, self.port)
        if code != 220:
            raise MailServerUnavailable(self._turned_away(code))
        self._say_ehlo(client)
        if self.smtp_starttls:
            if not client.has_extn("starttls"):
                raise MailServerUnavailable(self._lacks("защищённую связь (STARTTLS)"))
            client.starttls(context=self._build_ssl_context())
            if dialogue.unread:
                # What came before TLS may be an intruder's (CVE-2011-0411).
                raise ServerDisconnected("plain text before TLS")
            self._say_ehlo(client)

    def _say_ehlo(self, client: Any) -> None:
        code, _ = client.ehlo(self._ehlo_name)
        if not 200 <= code <= 299:
            raise MailServerUnavailable(self._turned_away(code))

    def _log_in(self, client: Any) -> None:
        by_token = self.auth_type == "oauth2"
        if not (by_token or self.smtp_password):
            return
        if not (self.use_ssl or self.smtp_starttls or is_loopback(self.host)):
            raise MailServerUnavailable(
                "Пароль не отправлен: связь с почтовым сервером без TLS."
                " Включите его в соединении «smtp_default»."
            )
        offered = client.esmtp_features.get("auth", "").upper().split()
        if by_token and "XOAUTH2" not in offered:
            raise MailServerUnavailable(
                "Почтовый сервер не предлагает вход по OAuth2 (XOAUTH2)."
                " Проверьте имя сервера и «auth_type» в соединении «smtp_default»."
            )
        if not by_token and not any(way in offered for way in _PASSWORD_WAYS):
            raise MailServerUnavailable(self._lacks(_a_way_in(offered)))
        try:
            if by_token:
                token = build_xoauth2_string(self.smtp_user, self._get_oauth2_token())
                # A refused token is answered by a challenge, and that by an empty line.
                code, _ = client.auth("XOAUTH2", lambda why=None: token if why is None else "")
            else:
                code, _ = client.login(self.smtp_user, self.smtp_password)
        except OSError as refused:
            code = getattr(refused, "smtp_code", None)
            if code is None:
                raise
        if code != 235:
            raise MailServerUnavailable(
                _not_logged_in(code, "токен OAuth2" if by_token else "имя или пароль")
            )

    def _get_oauth2_token(self) -> str:
        """A token as the provider gets it: from the connection, or of Microsoft by MSAL.

        MailServerUnavailable, in Russian, where there is none. The connection is read anew,
        since a secrets backend may have renewed the token.
        """
        from airflow.providers.common.compat.sdk import AirflowException

        fresh = SmtpHook(self.smtp_conn_id)
        try:
            fresh.smtp_connection = self.get_connection(self.smtp_conn_id)
            return fresh._get_oauth2_token()
        except ImportError:
            why = "для этого способа нужна библиотека msal, а её нет"
        except (AirflowException, OSError, ValueError, KeyError):
            why = "сервис входа не выдал токен"  # its own words may carry the secret
        raise MailServerUnavailable(
            f"Токен OAuth2 для почтового сервера не получен: {why}."
            " Проверьте «access_token» или «client_id» и «client_secret» в соединении"
            " «smtp_default»."
        )

    # -- what the operator reads, never in the server's own words -------------------------------

    def _turned_away(self, code: int) -> str:
        return (
            f"Почтовый сервер {self.host}:{self.port} отказал в начале разговора (код {code})."
            " Письма подождут; спросите администратора почты, если это повторяется."
        )

    def _lacks(self, wanted: str) -> str:
        return (
            f"Почтовый сервер {self.host}:{self.port} не предлагает {wanted}."
            " Проверьте соединение «smtp_default»."
        )

    def _why_not(self, broken: Exception) -> str:
        server = f"Почтовый сервер {self.host}:{self.port}"
        code = getattr(broken, "smtp_code", None)
        if code is not None:
            return self._turned_away(code)
        match broken:
            case ssl.SSLCertVerificationError():
                fault = _CERTIFICATE_FAULTS.get(broken.verify_code, "сертификат не прошёл проверку")
                return (
                    f"Защищённая связь с почтовым сервером {self.host} не установлена: {fault}."
                    " Сообщите администратору почты."
                )
            case ssl.SSLError():
                return (
                    f"Защищённая связь с почтовым сервером {self.host}:{self.port}"
                    " не установлена. Проверьте порт и TLS в соединении «smtp_default»."
                )
            case UnicodeEncodeError(encoding="ascii"):
                return (
                    "Имя или пароль для почтового сервера — не латиницей: проверьте соединение"
                    " «smtp_default»."
                )
            case socket.gaierror() | UnicodeError():
                return (
                    f"Имя почтового сервера {self.host} не найдено. Проверьте его в соединении"
                    " «smtp_default»."
                )
            case ConnectionRefusedError():
                return (
                    f"{server} не отвечает: {what_broke(broken)}. Проверьте, работает ли он, имя"
                    " сервера и порт в соединении «smtp_default»."
                )
            case SpokeOutOfTurn() | binascii.Error():
                return (
                    f"{server} отвечает не по правилам SMTP. Проверьте имя сервера и порт в"
                    " соединении «smtp_default»; если они верны, сообщите администратору почты."
                )
        return f"{server} не отвечает: {what_broke(broken)}. Проверьте, работает ли он."


def _a_way_in(offered: list[str]) -> str:
    """What is lacking, where the server offers no way to log in that the client knows."""
    names = [name for name in offered if re.fullmatch(r"[A-Z0-9_-]{1,20}", name)]  # RFC 4422 3.1
    if not names:
        return "вход по паролю"
    return f"вход, который мы умеем ({', '.join(_PASSWORD_WAYS)}), только {', '.join(names[:5])}"


def _not_logged_in(code: int, by: str) -> str:
    """What the operator reads of a refused log-in; by code (RFC 4954 4.7.1, RFC 5321 4.2)."""
    if 400 <= code <= 499 and code != 432:  # 432: a password that has to be set anew first
        return (
            f"Почтовый сервер временно не принимает вход (код {code}). Имя и пароль ни при чём:"
            " письма подождут и уйдут сами."
        )
    if code in (500, 501, 502, 503, 504, 534, 538):
        return (
            f"Почтовый сервер не принимает такой способ входа (код {code}). Проверьте TLS и"
            " «auth_type» в соединении «smtp_default»; некоторые серверы ждут пароля приложения."
        )
    return f"Почтовый сервер не принял {by} (код {code}). Проверьте соединение «smtp_default»."


def _refuse_incomplete(connection: Connection, hook: MailHook) -> None:
    by_token = hook.auth_type == "oauth2"
    if not connection.host:
        raise ConnectionIncomplete("Соединение «smtp_default»: впишите имя почтового сервера.")
    if hook.auth_type not in ("basic", "oauth2"):
        raise ConnectionIncomplete("Соединение «smtp_default»: «auth_type» — basic или oauth2.")
    if hook.ssl_context not in (None, "default", "none"):
        raise ConnectionIncomplete("Соединение «smtp_default»: уберите «ssl_context».")
    try:
        is_limited = 0 < hook.timeout <= PATIENCE.opening
    except (TypeError, ValueError, OverflowError):
        is_limited = False
    if not is_limited:
        raise ConnectionIncomplete(
            "Соединение «smtp_default»: «timeout» — сколько секунд ждать сервер, например 30; не"
            f" больше {PATIENCE.opening:.0f}."
        )
    if not by_token and bool(connection.login) != bool(connection.password):
        # The stock hook would go on without logging in.
        raise ConnectionIncomplete(
            "Соединение «smtp_default»: впишите и имя, и пароль или оставьте оба поля пустыми."
        )
    if by_token and not hook.smtp_user:
        raise ConnectionIncomplete(
            "Соединение «smtp_default»: для входа по OAuth2 впишите имя ящика (Login)."
        )
