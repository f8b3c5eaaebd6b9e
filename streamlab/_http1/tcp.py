"""What TCP can tell and do beyond reading and writing."""

import fcntl
import socket
import struct
import sys
import termios
from array import array

__all__ = ["reset_on_close", "unacknowledged_bytes"]

_SO_NWRITE_DARWIN = 0x1024


def reset_on_close(connection: socket.socket) -> None:
    """Let close() send a reset instead of a FIN: SO_LINGER with a time of zero (socket(7))."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if sys.platform == "darwin":

    def unacknowledged_bytes(connection: socket.socket) -> int:
        """Bytes that the kernel has taken and the peer has not acknowledged."""
        return connection.getsockopt(socket.SOL_SOCKET, _SO_NWRITE_DARWIN)

else:

    def unacknowledged_bytes(connection: socket.socket) -> int:
        """Bytes that the kernel has taken and the peer has not acknowledged (SIOCOUTQ, tcp(7))."""
        queued = array("i", [0])
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, queued)
        return queued[0]
