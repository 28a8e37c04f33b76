# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 4475 and RFC 5118, row S1: every message to the running daemon over UDP and over TCP.
What must come back is in tests/vectors/torture.txt; after each it still answers OPTIONS."""

import os
import re
import socket
import unittest

from tests.peers.lab import ROOT, Lab
from tests.peers.ua import token

VECTORS = os.path.join(ROOT, "tests", "vectors")
TABLE = os.path.join(VECTORS, "torture.txt")
DOMAIN = "example.com"  # of most of the messages: they mean us
QUIET_S = 0.15          # nothing came: nothing will

OPTIONS = ("OPTIONS sip:example.com SIP/2.0\r\n"
           "Via: SIP/2.0/{kind} 127.0.0.1:{port};branch=z9hG4bK{token};rport\r\n"
           "Max-Forwards: 70\r\nFrom: <sip:alive@example.net>;tag=1\r\n"
           "To: <sip:example.com>\r\nCall-ID: {token}\r\nCSeq: 1 OPTIONS\r\n"
           "Content-Length: 0\r\n\r\n")


def rows():
    """(name, over UDP, over TCP) of each line of the table."""
    with open(TABLE, encoding="ascii") as table:
        lines = [line.split(None, 3) for line in table
                 if line.strip() and not line.startswith("#")]
    return [(name, udp, tcp) for name, udp, tcp, _ in lines]


def repair(raw):
    """CRLF for LF, and the Content-Length that is true: the RFC's archive has neither."""
    head, _, body = raw.partition(b"\n\n")
    body = body.replace(b"\n", b"\r\n")
    head = re.sub(rb"(?im)^Content-Length:.*$", b"Content-Length: %d" % len(body), head)
    return head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body


def message(name):
    """4475/wsinv, 5118/ipv6-good as printed, 5118/ipv6-good+ repaired."""
    number, _, name = name.partition("/")
    end = ".dat" if number == "4475" else ""
    path = os.path.join(VECTORS, f"rfc{number}", name.rstrip("+") + end)
    with open(path, "rb") as file:
        raw = file.read()
    return repair(raw) if name.endswith("+") else raw


def answers(heard, sent):
    """Those to what was sent now."""
    found = []
    for answer in re.split(rb"(?=SIP/2\.0 \d{3})", heard)[1:]:
        call = re.search(rb"\r\nCall-ID: *([^\r]*)\r", answer)
        if call and call[1] in sent:
            found.append(answer)
    return found


def codes(found):
    """In order and each once: "100,404"; "-": nothing."""
    return ",".join(dict.fromkeys(answer[8:11].decode() for answer in found)) or "-"


def ack(answer, sent):
    """For a refused INVITE, which is told so again and again without one; else nothing."""
    if answer[8:9] < b"3" or not re.search(rb"\r\nCSeq: *\d+ INVITE\r", answer):
        return b""
    lines = [line for name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
             for line in re.findall(rb"\r\n(%s:[^\r]*)" % name, answer)[:1]]
    lines[-1] = lines[-1].replace(b"INVITE", b"ACK")
    return b"\r\n".join([b"ACK %s SIP/2.0" % sent.split()[1], *lines, b"Max-Forwards: 9",
                         b"Content-Length: 0", b"", b""])


class Channel:
    """One socket for all, since some of the messages have one branch: what answers the later
    ones is what the first one got."""

    def __init__(self, port, kind):
        self.port, self.kind, self.end = port, kind, None

    def open(self):
        kind = socket.SOCK_DGRAM if self.kind == "UDP" else socket.SOCK_STREAM
        self.end = socket.socket(socket.AF_INET, kind)
        self.end.settimeout(QUIET_S)
        self.end.connect(("127.0.0.1", self.port))

    def close(self):
        if self.end:
            self.end.close()
        self.end = None

    def exchange(self, bytes_):
        """What came; with "!" behind it when the other side ended the stream."""
        if not self.end:
            self.open()
        self.end.send(bytes_)
        heard, is_ended = b"", False
        try:
            while not is_ended:
                piece = self.end.recv(65536)
                heard += piece
                is_ended = not piece
        except (socket.timeout, ConnectionRefusedError):
            pass
        if is_ended or (not heard and self.kind == "TCP"):
            self.close()  # half a message may be in it
        found = answers(heard, bytes_)
        for answer in found if self.end else ():
            self.end.send(ack(answer, bytes_) or b"\r\n")
        return codes(found) + ("!" if is_ended else "")


class Torture:
    # A hundred of these from one address are a scanner: not here.
    SETTINGS = {"domain": DOMAIN, "more": "blocking:\n  enabled: false\n"}
    KIND = None  # of this class

    def setUp(self):
        self.channel = Channel(self.sip_port, self.KIND)
        self.addCleanup(self.channel.close)

    def assert_answers(self, name):
        self.assert_alive()
        alive = Channel(self.sip_port, self.KIND)
        text = OPTIONS.format(kind=self.KIND, token=token(), port=9)
        self.assertEqual("200", alive.exchange(text.encode()), name)
        alive.close()

    def test_each(self):
        wrong = []
        for name, udp, tcp in rows():
            expected = udp if self.KIND == "UDP" else tcp
            heard = self.channel.exchange(message(name))
            if heard != expected:
                wrong.append(f"{name}: {heard}, not {expected}")
            self.assert_answers(name)
        self.assertEqual([], wrong, "\n" + "\n".join(wrong))
        self.assert_clean_log()


class TortureUdp(Torture, Lab):
    KIND = "UDP"


class TortureTcp(Torture, Lab):
    KIND = "TCP"


class Table(unittest.TestCase):
    def test_every_vector_is_in_it_once(self):
        names = [name for name, _, _ in rows()]
        self.assertEqual(len(names), len(set(names)))
        wanted = set()
        for number, suffixes in (("4475", ("",)), ("5118", ("", "+"))):
            for file in os.listdir(os.path.join(VECTORS, f"rfc{number}")):
                wanted |= {f"{number}/{file.removesuffix('.dat')}{suffix}"
                           for suffix in suffixes if file != "ORIGIN.md"}
        self.assertEqual(49 + 2 * 12, len(wanted))
        self.assertEqual(wanted, set(names))
