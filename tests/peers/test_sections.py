# SPDX-License-Identifier: GPL-3.0-or-later
"""A call of sound gets pictures and loses them again: packets go where the descriptions say, as
long as they say so, and the sound never stops."""

import re
import socket
import struct
import time

from tests.peers.lab import DOMAIN, Lab, PASSWORDS
from tests.peers.ua import Ua, connect

HEAD = "v=0\r\no=- 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
AUDIO = "m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n"
VIDEO = "m=video {port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=rtcp-mux\r\n"


class Line:
    """One port of a phone for media, in the clear."""

    def __init__(self, kind):
        self.kind = kind
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.5)
        self.port = self.socket.getsockname()[1]
        self.sequence = 0

    def send(self, port):
        self.sequence += 1
        head = struct.pack("!BBHII", 0x80, 0 if self.kind == "audio" else 96, self.sequence,
                           160 * self.sequence, self.port)
        self.socket.sendto(head + b"x" * 40, ("127.0.0.1", port))

    def hears(self):
        try:
            return len(self.socket.recv(2048)) == 52
        except (socket.timeout, ConnectionRefusedError):
            return False


def port_of(body, kind):
    return int(re.search(rf"m={kind} (\d+)", body)[1])


class Sections(Lab):
    SETTINGS = {"user_keys": {"alice": ["media: rtp"], "bob": ["media: rtp"]}}

    def phone(self, name):
        ua = Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
        self.addCleanup(ua.close)
        ua.lines = {kind: Line(kind) for kind in ("audio", "video")}
        for line in ua.lines.values():
            self.addCleanup(line.socket.close)
        ua.version = 0
        self.describe(ua)
        return ua

    def describe(self, ua, video=None):
        """video: None: no such section; 0: refused."""
        ua.version += 1
        ua.description = HEAD.format(version=ua.version) + AUDIO.format(
            port=ua.lines["audio"].port)
        if video is not None:
            ua.description += VIDEO.format(port=video)

    def change(self, who, video):
        """One end of the call offers this, the other takes it. (200, INVITE) as they heard them."""
        other = self.bob if who is self.alice else self.alice
        self.describe(who, video)
        self.describe(other, other.lines["video"].port if video else 0)
        uri, call_id, to = self.dialogs[who.user]
        who.request("INVITE", uri, call_id, to=to, body=who.description)
        cseq = who.cseq
        invite = other.wait(lambda m: m.method == "INVITE")
        other.respond(invite, 200, "OK", other.description)
        answered = who.wait_final("INVITE")
        self.assertEqual(200, answered.code, answered.first)
        who.request("ACK", uri, call_id, to=to, cseq=cseq)
        other.wait(lambda m: m.method == "ACK")
        return answered, invite

    def passes(self, sender, port, receiver):
        """The first packets may come before both ends' words."""
        for _ in range(10):
            sender.send(port)
            if receiver.hears():
                return True
        return False

    def assert_sound(self):
        for sender, receiver in ((self.alice, self.bob), (self.bob, self.alice)):
            self.assertTrue(self.passes(sender.lines["audio"], self.ports[sender.user],
                                        receiver.lines["audio"]))

    def test_pictures_come_and_go(self):
        self.alice, self.bob = self.phone("alice"), self.phone("bob")
        self.assertEqual(200, self.bob.register().code)
        answered, invite = connect(self.alice, self.bob)
        self.ports = {"alice": port_of(answered.body, "audio"), "bob": port_of(invite.body, "audio")}
        contact = re.search(r"<([^>]+)>", invite.get("Contact"))[1]
        self.dialogs = {
            "alice": (re.search(r"<([^>]+)>", answered.get("Contact"))[1],
                      answered.get("Call-ID"), answered.get("To")),
            "bob": (contact, invite.get("Call-ID"), invite.get("From"))}
        self.assert_sound()
        for who in (self.alice, self.bob):
            self.pictures_of(who)
        self.alice.bye(answered)
        self.assertEqual(200, self.alice.wait_final("BYE").code)
        self.assert_clean_log()

    def pictures_of(self, who):
        other = self.bob if who is self.alice else self.alice
        answered, invite = self.change(who, who.lines["video"].port)
        ports = {who.user: port_of(answered.body, "video"), other.user: port_of(invite.body, "video")}
        self.assertTrue(all(ports.values()))
        for sender, receiver in ((who, other), (other, who)):
            self.assertTrue(self.passes(sender.lines["video"], ports[sender.user],
                                        receiver.lines["video"]))
        self.assert_sound()
        answered, invite = self.change(who, 0)
        self.assertEqual(0, port_of(answered.body, "video"))
        self.assertEqual(0, port_of(invite.body, "video"))
        time.sleep(0.3)
        while other.lines["video"].hears():  # what was under way
            pass
        self.assertFalse(self.passes(who.lines["video"], ports[who.user], other.lines["video"]))
        self.assert_sound()
