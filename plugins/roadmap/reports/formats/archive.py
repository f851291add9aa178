"""Office files are ZIP archives; here they lose what would differ from one run to the next."""

from __future__ import annotations

import io
import struct
import zipfile

_EPOCH = struct.pack("<HH", 0, 1 << 5 | 1)  # 1980-01-01, the earliest moment ZIP knows
_IN_LOCAL_HEADER, _IN_DIRECTORY = 10, 12  # where a moment stands (APPNOTE.TXT 4.3.7, 4.3.12)


def reproducible(archive: bytes) -> bytes:
    """The same archive with every moment made the same; its members are not packed anew."""
    out = bytearray(archive)
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        in_directory = members.start_dir
        for member in members.infolist():
            for at in (member.header_offset + _IN_LOCAL_HEADER, in_directory + _IN_DIRECTORY):
                out[at : at + len(_EPOCH)] = _EPOCH
            name = member.orig_filename.encode()
            in_directory += 46 + len(name) + len(member.extra) + len(member.comment)
    return bytes(out)
