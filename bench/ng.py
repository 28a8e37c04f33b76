# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of rtpengine's ng protocol: a cookie and a bencoded dictionary over UDP."""

import os
import re
import socket


def encode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    return b"d" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"e"


def _decode(data, at):
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind in b"ld":
        at += 1
        items = []
        while data[at:at + 1] != b"e":
            item, at = _decode(data, at)
            items.append(item)
        at += 1
        if kind == b"l":
            return items, at
        return {k.decode(): v for k, v in zip(items[::2], items[1::2])}, at
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end], end


class Client:
    """One rtpengine; a call's two descriptions in, its two ports out."""

    def __init__(self, address, patience=10):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(patience)
        self.socket.connect(address)

    def ask(self, **command):
        cookie = os.urandom(4).hex().encode()
        self.socket.send(cookie + b" " + encode(command))
        while True:
            answer = self.socket.recv(65536)
            if answer.startswith(cookie + b" "):
                break
        answer, _ = _decode(answer, len(cookie) + 1)
        if answer["result"] not in (b"ok", b"pong"):
            raise RuntimeError(f"rtpengine: {answer}")
        return answer

    def call(self, name, sdp_a, sdp_b):
        """DTLS-SRTP at both sides, rtpengine passive: (port for A, port for B)."""
        same = {"call-id": name, "from-tag": "a", "ICE": "remove", "SDES": ["off"],
                "replace": ["origin"]}
        offer = self.ask(command="offer", sdp=sdp_a, **same,
                         **{"transport-protocol": "UDP/TLS/RTP/SAVP", "rtcp-mux": ["offer"]})
        answer = self.ask(command="answer", sdp=sdp_b, **same, **{"to-tag": "b"})
        return _port(answer["sdp"]), _port(offer["sdp"])


def _port(sdp):
    return int(re.search(rb"^m=audio (\d+)", sdp, re.M)[1])


def description(address, port, fingerprint):
    return (f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
            f"m=audio {port} UDP/TLS/RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=setup:active\r\na=rtcp-mux\r\na=fingerprint:{fingerprint}\r\n")
