"""OpenVINO may not choose the CPU: it would put every process on the same one.

Told to compute with one thread, OpenVINO binds that thread for each call to the first CPU which the process
may use, and Paddle hands on no setting for that. All workers of a pod, and of all pods of a node, then share
one CPU while the others idle. A filter of the kernel answers `sched_setaffinity` with success, does nothing,
and the scheduler keeps its choice. See docs/decisions/0020.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import struct
from functools import cache

log = logging.getLogger(__name__)

PR_SET_NO_NEW_PRIVS = 38
SYS_SECCOMP = 317  # x86-64, as the other numbers here
SYS_SCHED_SETAFFINITY = 203
AUDIT_ARCH_X86_64 = 0xC000003E
SECCOMP_SET_MODE_FILTER = 1
# Without it kernels before 5.16 slow down everything that a filtered process computes.
SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
ALLOW, SUCCEED_WITHOUT_DOING = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with error 0
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
OFFSET_OF_NUMBER, OFFSET_OF_ARCHITECTURE = 0, 4

# (code, steps to skip when equal, when not, value) as in struct sock_filter.
PROGRAM = (
    (LOAD, 0, 0, OFFSET_OF_ARCHITECTURE),
    (JUMP_IF_EQUAL, 0, 3, AUDIT_ARCH_X86_64),
    (LOAD, 0, 0, OFFSET_OF_NUMBER),
    (JUMP_IF_EQUAL, 0, 1, SYS_SCHED_SETAFFINITY),
    (RETURN, 0, 0, SUCCEED_WITHOUT_DOING),
    (RETURN, 0, 0, ALLOW),
)


class _Filter(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


@cache
def forbid_pinning() -> bool:
    """From now on this thread, and threads that it starts, cannot be bound to CPUs; whether that worked.

    It needs no right, and cannot be taken back. A kernel or a sandbox that refuses it is told in the log.
    """
    if platform.machine() != "x86_64":
        return False  # there is no OpenVINO in Paddle's builds for others
    libc = ctypes.CDLL(None, use_errno=True)
    program = b"".join(struct.pack("=HBBI", *step) for step in PROGRAM)
    asked = _Filter(len(PROGRAM), program)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW
        if libc.syscall(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(asked)) == 0:
            return True
    log.warning(
        "OpenVINO cannot be kept from binding this process to one CPU (%s): workers may wait for each other "
        "there; use engine OneDNN, or a sandbox that allows seccomp filters",
        os.strerror(ctypes.get_errno()),
    )
    return False
