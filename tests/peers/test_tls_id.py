# SPDX-License-Identifier: GPL-3.0-or-later
"""a=tls-id (RFC 8842) between the program and DTLS libraries: a re-INVITE under the same name goes
on with the same keys, one under another name gets another handshake with the same certificate,
whoever is its client."""

import re

from tests.peers.handshakes import Handshakes, OpenSsl, Program
from tests.peers.interop import DTLS_SDP
from tests.peers.link import Link

ONE, OTHER = "one-one-one-one-one-one-1", "other-other-other-other-2"


def tls_id(body):
    found = re.search(r"^a=tls-id:(\S+)\r$", body, re.M)
    return found and found[1]


class TlsId(Handshakes):
    PEERS = ()

    def description(self, link, setup, name):
        return DTLS_SDP.format(port=link.outer, setup=setup,
                               fingerprint=self.fingerprints["ECDSA"]) + f"a=tls-id:{name}\r\n"

    def offer_again(self, call, description):
        """The answer to bob's re-INVITE."""
        contact = re.search(r"<([^>]+)>", call.answered.get("Contact"))[1]
        self.bob.request("INVITE", contact, call.answered.get("Call-ID"),
                         to=call.answered.get("To"), body=description)
        answered = self.bob.wait_final("INVITE")
        self.assertEqual(200, answered.code, answered.first)
        self.bob.ack_answer(answered, self.bob.cseq)
        return answered.body

    def try_peer(self, kind, program, role):
        is_server = role == "server"
        setup = "passive" if is_server else "active"
        link, plain = Link(takes_media=True), self.plain_end()
        self.addCleanup(link.close)

        def start():
            link.peer = None  # a client's port is another one each time
            return self.start(kind, program, is_server, link, self.keys["ECDSA"], 1)
        peer = start() if is_server else None
        call = self.call(plain, self.description(link, setup, ONE), bob_calls=True)
        link.sbc = call.ours.address
        first = self.wait_key(peer or start())
        ours = tls_id(call.answered.body)
        self.assertGreaterEqual(len(ours), 20)
        self.assert_crosses(plain, link, first, 1, not is_server)
        again = self.offer_again(call, self.description(link, setup, ONE))
        self.assertEqual(ours, tls_id(again))
        self.assert_crosses(plain, link, first, 1, not is_server)

        peer = start() if is_server else None
        renewed = self.offer_again(call, self.description(link, setup, OTHER))
        self.assertNotIn(tls_id(renewed), (None, ours, ONE, OTHER))
        second = self.wait_key(peer or start())
        self.assertNotEqual(first, second)
        self.assert_crosses(plain, link, second, 1, not is_server)
        call.end()
        leg = self.record_of(call)["legs"][0]
        self.assertTrue(leg["fingerprint_match"], leg)

    def test_it_is_the_client(self):
        self.try_peer(OpenSsl, "openssl", "client")
        self.try_peer(Program, "dtls_gnutls", "client")

    def test_it_is_the_server(self):
        self.try_peer(Program, "dtls_mbedtls", "server")
        self.try_peer(OpenSsl, "openssl", "server")

    def test_zz_log(self):
        self.assert_clean_log()


if __name__ == "__main__":
    import unittest
    unittest.main()
