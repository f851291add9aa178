"""What broke, in Russian: errors of a connection or a disk as a sentence of ours names them.

The name of an exception is for whoever reads the program. Errors of the standard library are
told apart by errno where they have one, then by class, the nearest ancestor first.
"""

from __future__ import annotations

import errno

UNKNOWN = "связь прервалась"
_BY_ERRNO = {
    errno.ENOSPC: "на диске нет места",
    errno.EDQUOT: "на диске нет места",
    errno.EROFS: "диск открыт только для чтения",
    errno.EIO: "диск не читается",
    errno.ENETUNREACH: "сеть недоступна",
    errno.EHOSTUNREACH: "сервер недоступен из сети",
}
# By name: some classes belong to libraries that the caller need not have loaded.
_BY_CLASS = {
    "ConnectionRefusedError": "соединение отклонено",
    "ConnectionResetError": "связь разорвана",
    "ConnectionAbortedError": "связь разорвана",
    "BrokenPipeError": "связь разорвана",
    "TimeoutError": "ответа не дождались",
    "gaierror": "имя сервера не найдено",
    "SSLError": "защищённая связь нарушена",
    "SMTPServerDisconnected": "сервер закрыл связь",
    "ServerDisconnected": "сервер закрыл связь",
    "SMTPRecipientsRefused": "сервер отказал адресу получателя",
    "SMTPSenderRefused": "сервер отказал адресу отправителя",
    "SMTPAuthenticationError": "сервер не принял имя или пароль",
    "SMTPResponseException": "сервер отказал",
    "PermissionError": "нет прав",
    "FileNotFoundError": "такого файла нет",
    "IsADirectoryError": "это папка, а не файл",
    "NotADirectoryError": "это файл, а не папка",
    "FileExistsError": "такой файл уже есть",
    "EOFError": "файл обрывается",
    "BadGzipFile": "архив испорчен",
    "zlib.error": "архив испорчен",
    "imaplib.IMAP4.error": "сервер отказал",
    "imaplib.IMAP4.abort": "сервер закрыл связь",
    "UnicodeError": "в имени недопустимые знаки",
    "ValueError": "ответ не по правилам",
}


def what_broke(error: BaseException) -> str:
    """«соединение отклонено», to stand in a Russian sentence; never the error's own words."""
    if getattr(error, "errno", None) in _BY_ERRNO:
        return _BY_ERRNO[error.errno]  # type: ignore[attr-defined]
    for kind in type(error).__mro__:
        words = _BY_CLASS.get(kind.__name__) or _BY_CLASS.get(
            f"{kind.__module__}.{kind.__qualname__}"
        )
        if words is not None:
            return words
    return UNKNOWN


def words_of_class(name: str) -> str | None:
    """What a class of error means, by the name that a record keeps; None of another text."""
    return _BY_CLASS.get(name)
