# SPDX-License-Identifier: GPL-3.0-or-later
"""kamailio_exporter's questions over BINRPC, byte for byte (tests/vectors/kamailio-exporter), and
our answers beside Kamailio's: everything that it reads is there, as the type that it reads."""

import glob
import os
import socket
import unittest

from tests.peers import test_rpc
from tests.peers.lab import ROOT

VECTORS = os.path.join(ROOT, "tests", "vectors", "kamailio-exporter")
INTEGER, STRING, STRUCT, NAME = 0, 1, 3, 5


class Reader:
    """Only what the exporter's library knows: anything else fails."""

    def __init__(self, packet):
        assert packet[0] == 0xA1, packet[:1]
        self.is_fault = packet[1] >> 4 == 3
        length, cookie = (packet[1] >> 2 & 3) + 1, (packet[1] & 3) + 1
        self.length = int.from_bytes(packet[2:2 + length], "big")
        self.head = 2 + length + cookie
        self.cookie = packet[2 + length:self.head]
        self.bytes, self.at = packet[self.head:], 0

    def record(self):
        """(type, value), or None at the end of a struct."""
        first = self.bytes[self.at]
        kind, size, is_long = first & 15, first >> 4 & 7, first >> 7
        self.at += 1
        if is_long and not size and kind == STRUCT:
            return None
        if is_long:
            size, self.at = (int.from_bytes(self.bytes[self.at:self.at + size], "big"),
                             self.at + size)
        if kind == STRUCT:
            items = []
            while (name := self.record()):
                assert name[0] == NAME, name
                items.append((name[1], self.record()))
            return kind, items
        value, self.at = self.bytes[self.at:self.at + size], self.at + size
        if kind == INTEGER:
            assert size <= 4, size  # a Go int that it adds up from bytes, without a sign
            return kind, int.from_bytes(value, "big")
        assert kind in (STRING, NAME), kind
        assert value.endswith(b"\0"), value
        return kind, value[:-1].decode()

    def records(self):
        found = []
        while self.at < self.length:
            found.append(self.record())
        return found


def vector(name):
    with open(os.path.join(VECTORS, name), "rb") as file:
        return file.read()


class Exporter(test_rpc.Desk):
    def setUp(self):
        self.client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(self.client.close)
        self.client.connect(self.ctl)
        self.client.settimeout(test_rpc.PATIENCE)

    def ask_bytes(self, request):
        self.client.sendall(request)
        packet = b""
        while len(packet) < 10 or len(packet) < Reader(packet).head + Reader(packet).length:
            piece = self.client.recv(65536)
            self.assertTrue(piece, "the connection was closed")
            packet += piece
        return Reader(packet)

    def assert_covers(self, ours, theirs, path):
        """Each member of theirs is in ours, of the same type; structs all the way down."""
        self.assertEqual(theirs[0], ours[0], path)
        if theirs[0] != STRUCT:
            return
        for name, value in theirs[1]:
            own = [v for n, v in ours[1] if n == name]
            self.assertTrue(own, f"{path}.{name}")
            self.assert_covers(own[0], value, f"{path}.{name}")

    def test_every_question(self):
        """On one connection, as it does: the recorded request, an answer of Kamailio's shape."""
        names = sorted(glob.glob("*.req", root_dir=VECTORS))
        self.assertEqual(10, len(names))
        for name in names:
            with self.subTest(name):
                theirs = Reader(vector(name.replace(".req", ".rep")))
                ours = self.ask_bytes(vector(name))
                self.assertEqual(theirs.cookie, ours.cookie)
                self.assertEqual(theirs.is_fault, ours.is_fault)
                wanted, got = theirs.records(), ours.records()
                self.assertEqual(len(wanted), len(got))
                if name.startswith("dmq."):
                    self.assertEqual(wanted, got)  # we have none: its words, too
                elif not name.startswith("stats.fetch"):
                    self.assert_covers(got[0], wanted[0], name)

    def test_statistics(self):
        """stats.fetch all: strings of digits, as Kamailio's; the names that panels draw."""
        wanted = dict(Reader(vector("stats.fetch-all.rep")).records()[0][1])
        got = dict(self.ask_bytes(vector("stats.fetch-all.req")).records()[0][1])
        self.assertEqual({STRING}, {kind for kind, _ in wanted.values()})
        for name, (kind, value) in got.items():
            self.assertEqual((STRING, True), (kind, value.isdigit()), name)
        for name in ("core.rcv_requests", "core.rcv_replies", "shmem.used_size",
                     "dialog.active_dialogs", "dialog.expired_dialogs", "sl.sent_replies",
                     "core.drop_requests", "core.drop_replies", "tcp.con_timeout",
                     "tcp.current_opened_connections"):
            self.assertIn(name, wanted)
            self.assertIn(name, got)

    def test_targets(self):
        """Sets have a number that is not 0; each target has URI and FLAGS."""
        [answer] = self.ask_bytes(vector("dispatcher.list.req")).records()
        records = dict(dict(answer[1])["RECORDS"][1])
        one = dict(records["SET"][1])
        self.assertEqual((INTEGER, 1), one["ID"])
        targets = [dict(value[1]) for name, value in one["TARGETS"][1] if name == "DEST"]
        self.assertTrue(targets)
        for target in targets:
            self.assertRegex(target["URI"][1], "^sip:")
            self.assertIn(target["FLAGS"][1], ("AP", "AX", "IP", "IX", "TP", "TX", "DX", "DP"))


if __name__ == "__main__":
    unittest.main()
