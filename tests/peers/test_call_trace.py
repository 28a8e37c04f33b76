# SPDX-License-Identifier: GPL-3.0-or-later
"""call.trace: what it sends and writes is read by the programs that operators have. sngrep hears
the HEP and opens the file, tshark names each message of the dialog in both."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

from tests.peers.interop import Interop
from tests.peers.lab import BUILD, IS_SLOW, wait_for
from tests.peers.ua import FINGERPRINT, SDP

PATIENCE = 40 if IS_SLOW else 10
KEY = "hep key"
# Of a call that alice ends, as countersip's two sides see it.
LADDER = ["INVITE", "407", "ACK", "INVITE", "100", "INVITE", "200", "ACK", "200", "ACK", "BYE", "200", "BYE", "200"]


def udp_packet(source, destination, payload):
    """An IPv4 packet between those ports, for a pcap file of ours."""
    length = 28 + len(payload)
    return (struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0,
                        bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1]))
            + struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload)


def write_pcap(path, packets):
    """packets: ports of source and destination, payload."""
    with open(path, "wb") as out:
        out.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for words in packets:
            packet = udp_packet(*words)
            out.write(struct.pack("=IIII", 0, 0, len(packet), len(packet)) + packet)


class CallTrace(Interop):
    @classmethod
    def before_start(cls):
        cls.pcap_dir = os.path.join(os.path.abspath(cls.folder), "pcap")
        os.makedirs(cls.pcap_dir)
        cls.hep = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.addClassCleanup(cls.hep.close)
        cls.hep.bind(("127.0.0.1", 0))
        cls.hep.settimeout(0.3)
        cls.hep_port = cls.hep.getsockname()[1]
        cls.sbc.settings["more"] = (f"trace:\n  pcap_dir: {cls.pcap_dir}\n"
                                    f"  hep_address: 127.0.0.1:{cls.hep_port}\n"
                                    f"  hep_auth_key: {KEY}\n")

    def setUp(self):
        socket_path = os.path.join(self.sbc.folder, "run", "countersip_rpc.sock")
        self.ctl = [os.path.join(BUILD, "countersipctl"), "--json", "--socket", socket_path]
        wait_for(lambda: os.path.exists(socket_path), PATIENCE, "the socket")

    def ask(self, *words):
        done = subprocess.run([*self.ctl, *words], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def whole_call(self, ringing=0):
        answer = SDP.format(port=9, setup="active", fingerprint=FINGERPRINT)
        call = self.call(self.plain_end(), answer)
        time.sleep(ringing)
        call.end()
        self.alice_port, self.bob_port = self.alice.port, self.bob.port
        for ua in (self.alice, self.bob):
            ua.request("REGISTER", "sip:atlanta.test", "x", headers=["Expires: 0"])
            ua.close()
        return call

    def packets(self):
        """HEP that has come."""
        found = []
        while True:
            try:
                found.append(self.hep.recv(65536))
            except socket.timeout:
                return found

    def tshark(self, path, *fields, options=()):
        """A tuple of those fields for each packet."""
        words = [word for field in fields for word in ("-e", field)]
        options = ("-d", f"udp.port=={self.sip_port},sip", *options)
        done = subprocess.run(["tshark", "-r", path, *options, "-T", "fields", *words],
                              capture_output=True, text=True, timeout=60, check=True)
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def sngrep(self, *words):
        return subprocess.Popen(["sngrep", "-F", "-N", *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=dict(os.environ, TERM="xterm"))

    def ended_file(self, told):
        wait_for(lambda: not self.ask("call.trace_list"), PATIENCE, "the trace to end")
        wait_for(lambda: self.ask("stats.fetchn", "call_trace:")["call_trace.waiting"] == 0,
                 PATIENCE, "the file")
        return told["file"]

    def assert_ladder(self, rows):
        """rows: method, status, Call-ID."""
        self.assertEqual(sorted(LADDER), sorted(m or s for m, s, _ in rows), rows)
        self.assertEqual("INVITE", rows[0][0])
        self.assertEqual(2, len({call_id for _, _, call_id in rows}))

    def test_pcap(self):
        told = self.ask("call.trace", "from=alice to=bob", "60", "1")
        self.assertEqual((0, 1, 0), (told["calls"], told["calls_max"], told["messages"]))
        self.whole_call()
        path = self.ended_file(told)
        self.assertEqual(self.pcap_dir, os.path.dirname(path))
        self.assertEqual(0o600, os.stat(path).st_mode & 0o7777)
        rows = self.tshark(path, "sip.Method", "sip.Status-Code", "sip.Call-ID", "ip.src",
                           "udp.srcport", "udp.dstport", "ip.checksum.status",
                           "udp.checksum.status", "frame.time_epoch",
                           options=("-o", "ip.check_checksum:TRUE",
                                    "-o", "udp.check_checksum:TRUE"))
        self.assert_ladder([row[:3] for row in rows])
        for row in rows:
            self.assertEqual(("127.0.0.1", "1", "1"), (row[3], row[6], row[7]))
            self.assertIn(str(self.sip_port), row[4:6])
            self.assertLess(abs(time.time() - float(row[8])), 120)
        self.assertEqual((str(self.alice_port), str(self.sip_port)), rows[0][4:6])
        # What proves a password is not in it.
        with open(path, "rb") as file:
            self.assertNotRegex(file.read(), rb'response="[0-9a-f]')
        sngrep = self.sngrep("-I", path, "-O", path + ".sngrep")
        said, _ = sngrep.communicate(timeout=PATIENCE)
        self.assertEqual(0, sngrep.returncode, said)
        self.assertRegex(said, r"Dialog count: 2\b")
        again = self.tshark(path + ".sngrep", "sip.Method", "sip.Status-Code", "sip.Call-ID")
        self.assert_ladder(again)

    def test_hep(self):
        self.packets()
        self.ask("call.trace", "peer=bob", "60", "1")
        self.whole_call()
        packets = self.packets()
        self.assertEqual(len(LADDER), len(packets))
        chunks = [self.chunks(packet) for packet in packets]
        path = os.path.join(self.folder, "hep.pcap")
        write_pcap(path, [(9999, self.sip_port, chunk[15]) for chunk in chunks])
        rows = self.tshark(path, "sip.Method", "sip.Status-Code", "sip.Call-ID")
        self.assert_ladder(rows)
        for chunk in chunks:
            self.assertEqual(
                (b"\x02", b"\x11", bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1]), b"\x01",
                 (2001).to_bytes(4, "big"), KEY.encode(), rows[0][2].encode()),
                tuple(chunk[kind] for kind in (1, 2, 3, 4, 11, 12, 14, 17)))
            self.assertLess(abs(time.time() - int.from_bytes(chunk[9], "big")), 120)
        ports = [tuple(int.from_bytes(chunk[kind], "big") for kind in (7, 8))
                 for chunk in chunks]
        self.assertEqual((self.alice_port, self.sip_port), ports[0])
        self.assertIn((self.sip_port, self.bob_port), ports)

    def chunks(self, packet):
        """Vendor 0's, by type."""
        self.assertEqual((b"HEP3", len(packet)),
                         (packet[:4], int.from_bytes(packet[4:6], "big")))
        found, at = {}, 6
        while at < len(packet):
            vendor, kind, length = struct.unpack_from("!HHH", packet, at)
            self.assertEqual(0, vendor)
            found[kind] = packet[at + 6:at + length]
            at += length
        return found

    def test_live_call(self):
        """Switched on while it goes on: what was before comes out of the history."""
        self.call(self.plain_end(), SDP.format(port=9, setup="active",
                                               fingerprint=FINGERPRINT))
        name = re.findall(r"call.answer call=(c\d+)", self.log_text())[-1]
        self.packets()
        told = self.ask("call.trace", name)
        self.assertEqual(LADDER.index("BYE"), told["messages"], told)
        self.assertEqual(told["messages"], len(self.packets()))
        listed = self.ask("call.trace_list")
        self.assertEqual([told["id"]], [row["id"] for row in listed])
        self.assertEqual(1, self.ask("call.trace_stop", str(told["id"])))
        self.assertEqual([], self.ask("call.trace_list"))

    def test_refused(self):
        for words in (("",), ("from=",), ("c999999",), ("from=a", "0"), ("from=a", "x"),
                      ("from=a", "60", "101")):
            done = subprocess.run([*self.ctl, "call.trace", *words], capture_output=True,
                                  text=True, timeout=PATIENCE, check=False)
            self.assertEqual(1, done.returncode, (words, done.stdout))

    def tearDown(self):
        subprocess.run([*self.ctl, "call.trace_stop", "all"], capture_output=True, check=False,
                       timeout=PATIENCE)


class Sngrep(CallTrace):
    """sngrep as the HEP server."""

    def test_listens(self):
        self.hep.close()
        heard = os.path.join(self.folder, "heard.pcap")
        sngrep = self.sngrep("-L", f"udp:127.0.0.1:{self.hep_port}", "-O", heard)
        self.addCleanup(sngrep.kill)
        wait_for(self.is_listening, PATIENCE, "sngrep to listen")
        self.ask("call.trace", "from=ali*", "60", "1")
        self.whole_call()
        time.sleep(1)
        sngrep.send_signal(signal.SIGINT)
        said, _ = sngrep.communicate(timeout=PATIENCE)
        self.assertRegex(said, r"Dialog count: 2\b")
        self.assert_ladder(self.tshark(heard, "sip.Method", "sip.Status-Code", "sip.Call-ID"))

    def is_listening(self):
        with open("/proc/net/udp", encoding="ascii") as table:
            return f"0100007F:{self.hep_port:04X}" in table.read()

    test_pcap = test_hep = test_live_call = test_refused = None
