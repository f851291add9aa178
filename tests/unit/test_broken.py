"""What broke is said in Russian, never by the name of an exception."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from roadmap.broken import UNKNOWN, what_broke, words_of_class


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "соединение отклонено"),
        (TimeoutError("timed out"), "ответа не дождались"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "имя сервера не найдено"),
        (ssl.SSLEOFError("eof"), "защищённая связь нарушена"),
        (OSError(errno.ENOSPC, "full"), "на диске нет места"),
        (PermissionError(errno.EACCES, "no"), "нет прав"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "bad"), "в имени недопустимые знаки"),
        (OSError("somebody@example.org is unknown here"), UNKNOWN),
    ],
)
def test_an_error_is_told_by_what_it_means_and_never_in_its_own_words(error: Exception, words: str):
    assert what_broke(error) == words


def test_what_the_ledger_keeps_by_the_name_of_a_class_is_told_in_russian_too():
    assert words_of_class("ConnectionResetError") == "связь разорвана"
    assert words_of_class("250 ok") is None
