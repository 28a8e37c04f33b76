# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls over a bad link: a third of the datagrams lost each way, others doubled, late, in
another order, or in pieces. Each handshake is done within its timers (RFC 6347 section 4.2.4),
and media crosses. Seeded: what is lost is the same at each run."""

import time

from tests.peers.handshakes import Handshakes, OpenSsl, Program
from tests.peers.interop import DTLS_SDP
from tests.peers.lab import IS_SLOW
from tests.peers.link import Impairment, Link
from procs import wait_for

SEEDS = (1, 2, 3)
LOSS = {"loss": 0.3}
DISORDER = {"loss": 0.1, "duplicate": 0.3, "reorder": 0.3, "delay": 0.02, "late": 0.05}
SMALL_MTU = 256  # bytes: a flight is many datagrams
DEADLINE_S = 40 if IS_SLOW else 20  # countersip gives up after 20 s (media.dtls_deadline_ms)


class Impaired(Handshakes):
    PEERS = ()

    def try_link(self, kind, program, role, seed, how, mtu=1200):
        """One call; the seconds until the peer had its key."""
        is_server = role == "server"
        link, plain = Link(True, Impairment(seed, **how), Impairment(seed + 1000, **how)), \
            self.plain_end()
        self.addCleanup(link.close)
        if is_server:
            port = self.peer_port()
            link.peer = ("127.0.0.1", port)
            peer = kind(self, program, True, port, self.keys["ECDSA"], 1, mtu)
            self.addCleanup(peer.stop)
        call = self.call(plain, DTLS_SDP.format(
            port=link.outer, setup="passive" if is_server else "active",
            fingerprint=self.fingerprints["ECDSA"]))
        link.sbc = call.ours.address
        began = time.monotonic()
        if not is_server:
            peer = kind(self, program, False, link.inner, self.keys["ECDSA"], 1, mtu)
            self.addCleanup(peer.stop)
        wait_for(peer.key, DEADLINE_S, f"the handshake, see {peer.program.log}")
        took = time.monotonic() - began
        self.assert_crosses(plain, link, bytes.fromhex(peer.key()), 1, not is_server)
        self.assertTrue(link.to_peer.lost or link.from_peer.lost, "nothing was lost")
        call.end()
        leg = self.record_of(call)["legs"][1]
        self.assertTrue(leg["fingerprint_match"], leg)
        peer.stop()
        return took

    def try_role(self, role, kind, program, how, seeds=SEEDS, mtu=1200):
        """openssl as a server ends with ERROR once a flight of its own was lost: others are
        servers where that may happen."""
        for seed in seeds:
            with self.subTest(program=program, role=role, seed=seed):
                took = self.try_link(kind, program, role, seed, how, mtu)
                self.assertLess(took, DEADLINE_S)

    def try_all(self, kind, program, how, seeds=SEEDS):
        for role in ("client", "server"):
            self.try_role(role, kind, program, how, seeds)

    def test_a_third_is_lost(self):
        self.try_role("client", OpenSsl, "openssl", LOSS)
        self.try_role("server", Program, "dtls_mbedtls", LOSS)
        self.try_all(Program, "dtls_wolfssl13", LOSS, SEEDS[:2])

    def test_disorder(self):
        self.try_all(OpenSsl, "openssl", DISORDER, SEEDS[:2])
        self.try_all(Program, "dtls_mbedtls", DISORDER, SEEDS[:1])

    def test_in_pieces(self):
        """RFC 6347 section 4.2.3: what the peer sends comes in many datagrams, some not."""
        self.try_role("client", OpenSsl, "openssl", {"loss": 0.2}, SEEDS[:2], SMALL_MTU)
        self.try_role("server", Program, "dtls_gnutls", {"loss": 0.2}, SEEDS[:2], SMALL_MTU)

    def test_zz_log(self):
        self.assert_clean_log()


if __name__ == "__main__":
    import unittest
    unittest.main()
