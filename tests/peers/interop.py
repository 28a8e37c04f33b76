# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls whose one leg is plain RTP in the test's hands and whose other leg is a real peer's
DTLS-SRTP; and the table of what was seen, docs/interop.md."""

import json
import os
import re
import socket
import subprocess
import time
from collections import namedtuple

from tests.peers import g711
from tests.peers.lab import BUILD, DOMAIN, IS_SLOW, PASSWORDS, ROOT, Lab
from tests.peers.ua import Ua, connect
from procs import wait_for

import tone

WRITES = os.environ.get("COUNTERSIP_INTEROP") == "write"
DOCUMENT = os.path.join(ROOT, "docs", "interop.md")
SEEN = os.path.join(BUILD, "interop")
PATIENCE = 40 if IS_SLOW else 10
PACKET_S = 0.02
PACKET = 160  # samples, as many bytes of G.711
PLAIN_SDP = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} RTP/AVP 0\r
a=rtpmap:0 PCMU/8000\r
"""
DTLS_SDP = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} UDP/TLS/RTP/SAVP 0\r
a=rtpmap:0 PCMU/8000\r
a=rtcp-mux\r
a=setup:{setup}\r
a=fingerprint:sha-256 {fingerprint}\r
"""

Row = namedtuple("Row", "peer role call dtls cipher profile certificate media")
Media = namedtuple("Media", "address setup fingerprint protocol")


def print_row(row):
    return "| " + " | ".join(row) + " |"


def committed_rows():
    """What docs/interop.md says was seen."""
    with open(DOCUMENT, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(*row) for row in cells if len(row) == len(Row._fields)
            and row[1] in ("client", "server")]


def read_media(body):
    """The first m= section of a description."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.M)[1]
    port, protocol = re.search(r"^m=audio (\d+) (\S+)", body, re.M).groups()
    setup = re.search(r"^a=setup:(\w+)", body, re.M)
    fingerprint = re.search(r"^a=fingerprint:sha-256 (\S+)", body, re.M | re.I)
    return Media((host, int(port)), setup and setup[1], fingerprint and fingerprint[1].upper(),
                 protocol)


def fingerprint_of(certificate):
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint",
                           "-sha256"], capture_output=True, text=True, check=True)
    return done.stdout.strip().partition("=")[2]


def rtp(sequence, payload, ssrc=0x5155, kind=0):
    return (bytes([0x80, kind]) + (sequence & 0xffff).to_bytes(2, "big") +
            (sequence * 160 & 0xffffffff).to_bytes(4, "big") + ssrc.to_bytes(4, "big") + payload)


class PlainEnd:
    """RTP in the clear at a port of its own."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.sdp = PLAIN_SDP.format(port=self.port)
        self.to = None
        self.sequence = 0

    def close(self):
        self.socket.close()

    def send(self, payload):
        self.sequence += 1
        self.socket.sendto(rtp(self.sequence, payload), self.to)

    def receive(self, seconds):
        """The next packet, or None."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            return self.socket.recv(65536)
        except socket.timeout:
            return None


    def talk(self, seconds, hertz, path):
        """Says a tone for so long, and gives back the Tone that it heard meanwhile, which is
        written to path."""
        codes, heard = g711.tone(hertz, 1), b""
        began = time.monotonic()
        for n in range(round(seconds / PACKET_S)):
            at = n * PACKET % len(codes)
            self.send(codes[at:at + PACKET])
            until = began + (n + 1) * PACKET_S
            while time.monotonic() < until:
                packet = self.receive(until - time.monotonic())
                if packet and packet[1] & 0x7F == 0:
                    heard += packet[12:]
        g711.write_wav(path, heard)
        return tone.measure(path)


class Call:
    """One that was answered. ours: what countersip offered or answered on the DTLS leg."""

    def __init__(self, caller, callee, answered, ours):
        self.caller, self.callee, self.answered, self.ours = caller, callee, answered, ours

    def end(self):
        self.caller.bye(self.answered)
        self.caller.wait_final("BYE")
        self.callee.respond(self.callee.wait(lambda m: m.method == "BYE"), 200, "OK")


class Interop(Lab):
    """alice has plain RTP, bob what a test puts there. A class tells the peers of its rows."""

    PEERS = ()
    SETTINGS = {"user_keys": {"alice": ["media: rtp", "allow_downgrade: true"]}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = []

    def user_agent(self, user):
        ua = Ua(user, DOMAIN, PASSWORDS[user], self.sip_port)
        self.addCleanup(ua.close)
        self.assertEqual(200, ua.register().code)
        return ua

    def plain_end(self):
        end = PlainEnd()
        self.addCleanup(end.close)
        return end

    def call(self, plain, description, bob_calls=False):
        """alice's media is plain's, bob's is described so; description: a text, or, when he is
        called, a function of the INVITE."""
        alice, bob = self.user_agent("alice"), self.user_agent("bob")
        alice.description, bob.description = plain.sdp, description
        caller, callee = (bob, alice) if bob_calls else (alice, bob)
        answered, invite = connect(caller, callee)
        bodies = {caller: answered.body, callee: invite.body}
        plain.to = read_media(bodies[alice]).address
        self.alice, self.bob = alice, bob
        return Call(caller, callee, answered, read_media(bodies[bob]))

    def record_of(self, call):
        name = call.answered.get("Call-ID")

        def found():
            return [record for record in self.sbc.records()
                    if name in (leg["call_id"] for leg in record["legs"])]
        return wait_for(found, PATIENCE, "the call record")[0]

    def assert_refused(self, call, plain):
        """The certificate in the handshake was not the signalled one: nothing crosses, and
        both hear why the call ends."""
        for ua in (self.alice, self.bob):
            bye = ua.wait(lambda m: m.method == "BYE", PATIENCE)
            ua.respond(bye, 200, "OK")
            self.assertIn("fingerprint", bye.get("Reason"))
        plain.send(b"anybody there?")
        self.assertIsNone(plain.receive(0.1))
        record = self.record_of(call)
        leg = record["legs"][1]
        self.assertFalse(leg["fingerprint_match"], leg)
        self.assertTrue(leg["fingerprint_presented"], leg)
        self.assertEqual([0, 0], [leg["rtp_relayed"] for leg in record["legs"]])

    def saw(self, row):
        """What the table says must be so, word for word."""
        self.rows.append(row)
        if not WRITES:
            self.assertIn(print_row(row), [print_row(r) for r in committed_rows()],
                          f"not in {DOCUMENT}: make interop")

    def check_table(self):
        """Nothing is in the table that was not seen. The last test of a class calls it."""
        os.makedirs(SEEN, exist_ok=True)
        with open(os.path.join(SEEN, f"{type(self).__name__}.json"), "w",
                  encoding="ascii") as out:
            json.dump([row._asdict() for row in self.rows], out, indent=1)
        if not WRITES:
            there = [print_row(row) for row in committed_rows() if row.peer in self.PEERS]
            self.assertEqual(sorted(there), sorted(map(print_row, self.rows)),
                             f"{DOCUMENT} and this run differ: make interop")
