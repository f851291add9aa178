"""Taking from a process what its work does not need, before it meets what is not trusted.

It imports the standard library alone, and little of that: who calls it pays for each start.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import sys


def isolate(largest_file_bytes: int, open_files: int) -> None:
    """No core file, few and small files; no new rights, no network; an end with the parent.

    The network and the end are second lines: where the system does not allow them, the work
    goes on.
    """
    if sys.platform == "linux":
        set_parent_death_signal, set_no_new_privileges = 1, 38
        new_user, new_network = 0x10000000, 0x40000000
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(set_no_new_privileges, 1, 0, 0, 0)
        libc.unshare(new_user | new_network)
        libc.prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    limit(resource.RLIMIT_FSIZE, largest_file_bytes)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, open_files)


def limit(what: int, most: int) -> None:
    """Set a limit of `resource` for good, no higher than it is."""
    _, now = resource.getrlimit(what)
    most = most if now == resource.RLIM_INFINITY else min(most, now)
    resource.setrlimit(what, (most, most))
