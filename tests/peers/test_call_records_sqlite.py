# SPDX-License-Identifier: GPL-3.0-or-later
"""Call records in SQLite, read with python's sqlite3 while countersip runs: a call with DTLS and
media is one row and says what the JSON record says, and whoever locks the database stops no
call."""

import datetime
import os
import re
import signal
import sqlite3
import time
import unittest

from tests.peers.handshakes import Handshakes, OpenSsl
from tests.peers.interop import DTLS_SDP, Interop
from tests.peers.lab import wait_for
from tests.peers.link import Link


class Database:
    """For Interop's children."""

    @classmethod
    def before_start(cls):
        cls.database = os.path.join(os.path.abspath(cls.folder), "calls.sqlite")
        cls.sbc.settings["more"] = f"call_records_sqlite: {cls.database}\n"

    def calls_where(self, where="1"):
        reader = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            reader.row_factory = sqlite3.Row
            return [dict(row) for row in reader.execute(
                f"SELECT * FROM acc WHERE {where} ORDER BY id")]
        finally:
            reader.close()


def seconds(text):
    return datetime.datetime.strptime(text + "+0000", "%Y-%m-%d %H:%M:%S%z").timestamp()


class Row(Database, Handshakes):
    maxDiff = None

    def test_row(self):
        link, plain = Link(takes_media=True), self.plain_end()
        self.addCleanup(link.close)
        call = self.call(plain, DTLS_SDP.format(
            port=link.outer, setup="active", fingerprint=self.fingerprints["ECDSA"]))
        link.sbc = call.ours.address
        peer = self.start(OpenSsl, "openssl", False, link, self.keys["ECDSA"], 7)
        self.assert_crosses(plain, link, self.wait_key(peer), 7, True)
        call.end()
        record = self.record_of(call)
        row = wait_for(lambda: self.calls_where(f"call='{record['call']}'"), 5, "the row")[0]
        a, b = record["legs"]
        wanted = {
            "method": "INVITE", "callid": call.answered.get("Call-ID"), "sip_code": "200",
            "sip_reason": "OK", "src_user": "alice", "src_domain": "atlanta.test",
            "dst_user": "bob", "dst_domain": "atlanta.test", "src_ip": "127.0.0.1",
            "from_tag": self.alice.tag, "ended_by": "caller", "reason": "",
            "from_uri": "sip:alice@atlanta.test", "to_uri": "sip:bob@atlanta.test",
            "a_verdict": "authenticated", "a_peer": "alice", "a_transport": "UDP",
            "a_address": f"127.0.0.1:{self.alice.port}", "a_keying": "none", "a_dtls": "",
            "b_address": f"127.0.0.1:{self.bob.port}", "b_peer": "bob", "b_keying": "dtls",
            "b_dtls": "DTLSv1.2", "b_srtp_profile": b["srtp_profile"],
            "b_cipher_suite": b["cipher_suite"], "b_codec": "PCMU", "b_callid": b["call_id"],
            "b_fingerprint": "sha-256 " + self.fingerprints["ECDSA"],
            "b_rtp_received": b["rtp_received"], "b_lost": 0,
            "b_mos": b["streams"][0]["mos"], "b_jitter_us": b["streams"][0]["jitter_us"],
            "a_rtp_relayed": a["rtp_relayed"], "duration": record["duration"]}
        self.assertEqual(wanted, {name: row[name] for name in wanted})
        self.assertRegex(row["b_srtp_profile"], "AEAD_AES_128_GCM")
        self.assertGreater(row["b_rtp_received"], 0)
        self.assertRegex(call.answered.get("To"), re.escape(f"tag={row['to_tag']}"))
        for name in ("start", "answer", "end"):
            self.assertEqual(record[name], seconds(row[f"{name}_time"]))
        self.assertEqual(row["end_time"], row["time"])
        self.assertEqual(0o640, os.stat(self.database).st_mode & 0o777)

    def test_refused(self):
        """Nobody of that name: no second leg to speak of."""
        alice = self.user_agent("alice")
        alice.description = self.plain_end().sdp
        alice.invite("nobody")
        self.assertEqual(404, alice.wait_final("INVITE").code)
        row = wait_for(lambda: self.calls_where("dst_user='nobody'"), 5, "the row")[0]
        self.assertEqual(("404", "Not Found", 0, None, None, None),
                         tuple(row[name] for name in ("sip_code", "sip_reason", "duration",
                                                      "answer_time", "b_mos", "b_codec")))


class Locked(Database, Interop):
    def whole_call(self):
        began = time.monotonic()
        call = self.call(self.plain_end(), self.plain_end().sdp.replace(
            "RTP/AVP", "UDP/TLS/RTP/SAVP") + "a=rtcp-mux\r\na=setup:active\r\n"
            "a=fingerprint:sha-256 " + ":".join(["5A"] * 32) + "\r\n")
        call.end()
        for ua in (self.alice, self.bob):
            ua.close()
        return call.answered.get("Call-ID"), time.monotonic() - began

    def test_locked(self):
        first, _ = self.whole_call()
        wait_for(lambda: self.calls_where(f"callid='{first}'"), 5, "the first row")
        rows, lines = len(self.calls_where()), len(self.sbc.records())
        other = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        called = [first]
        for _ in range(5):
            call_id, took = self.whole_call()
            called.append(call_id)
            self.assertLess(took, 1.5, "calls wait for the database")
        self.wait_log('file.failing name=call_records_sqlite .*why="database is locked"')
        wait_for(lambda: len(self.sbc.records()) == lines + 5, 5, "JSON, which is not kept waiting")
        other.execute("ROLLBACK")
        self.wait_log("file.normal name=call_records_sqlite")
        wait_for(lambda: len(self.calls_where()) >= rows + 5, 5, "the others")
        self.assertEqual(sorted(called),
                         sorted(row["callid"] for row in self.calls_where()[-6:]))
        self.assertEqual(1, self.log_text().count("file.failing"))
        self.assert_clean_log()

    def test_killed(self):
        """kill -9 once the log says that a call is over; the next start goes on with it."""
        ended = self.log_text().count("call.end")
        called, _ = self.whole_call()
        self.wait_log(r"(?s)(call\.end .*){%d}" % (ended + 1))
        os.killpg(self.sbc.program.process.pid, signal.SIGKILL)
        self.sbc.program.process.wait()
        self.sbc.start()
        again, _ = self.whole_call()
        wait_for(lambda: self.calls_where(f"callid='{again}'"), 5, "the row")
        self.assertEqual([called, again], [row["callid"] for row in self.calls_where()[-2:]])


if __name__ == "__main__":
    unittest.main()
