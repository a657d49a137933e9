"""One window: a second start hands its file to the first and goes away."""

from __future__ import annotations

import getpass
import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app import IDENTIFIER
from engine import paths

PATIENCE = 1000  # ms
MAX_MESSAGE = 8192  # bytes


def address() -> str:
    """The name of the first window's socket: one per user and data folder."""
    key = f"{getpass.getuser()}\0{paths.data_home()}".encode()
    return f"{IDENTIFIER}-{hashlib.sha256(key).hexdigest()[:16]}"


def hand_over(file: str) -> bool:
    """Give ``file`` (may be empty) to a window that runs already; whether there is one."""
    socket = QLocalSocket()
    socket.connectToServer(address())
    if not socket.waitForConnected(PATIENCE):
        return False
    path = str(Path(file).resolve()) if file else ""
    socket.write(path.encode() + b"\n")
    done = socket.waitForBytesWritten(PATIENCE)
    # The first window answers, so that a hanging one is not taken for a running one.
    done = done and socket.waitForReadyRead(3 * PATIENCE)
    socket.disconnectFromServer()
    return done


class FirstWindow(QObject):
    """Listens for later starts.

    Signals:
        asked: a later start came; the path it was given, or nothing.
    """

    asked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)

    def listen(self) -> bool:
        """Be the first window from now on."""
        QLocalServer.removeServer(address())  # left behind by a crash: nobody answered it
        return self._server.listen(address())

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    @Slot()
    def _connected(self) -> None:
        socket = self._server.nextPendingConnection()
        if socket is None:
            return
        socket.readyRead.connect(self._read)
        socket.disconnected.connect(socket.deleteLater)
        if socket.canReadLine():
            self._take(socket)

    @Slot()
    def _read(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._take(socket)

    def _take(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MAX_MESSAGE:
                socket.abort()
            return
        line = bytes(socket.readLine(MAX_MESSAGE).data()).decode("utf-8", "replace").strip()
        socket.write(b"ok\n")
        socket.flush()
        self.asked.emit(line)
