# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl doctor tls, identity and ports: each fault made for real, with openssl's
server, an HTTPS server, taken ports and a running daemon; the first sentence must name it."""

import email.utils
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

from tests.peers.lab import BUILD, DOMAIN, Lab, Programs, free_block, wait_for

from pki import Pki  # noqa: E402

CTL = os.path.join(BUILD, "countersipctl")
NAME = "biloxi.test"


def doctor(*words):
    """Exit status, and what is said: the first sentence first."""
    done = subprocess.run([CTL, "doctor", *map(str, words)], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout + done.stderr


class Bench(unittest.TestCase):
    """Keys, and programs that end with the test."""

    def setUp(self):
        self.folder = os.path.join(BUILD, "peers", "-".join(self.id().split(".")[-2:]))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.programs = Programs(os.path.join(self.folder, "logs"))
        self.addCleanup(self.programs.stop_all)
        self.pki = Pki(os.path.join(self.folder, "keys"))
        self.port = free_block(10, first=29000)

    def assert_says(self, status, words, *arguments):
        """The first line has the words; a fact and a remedy follow when something blocks."""
        got, text = doctor(*arguments)
        first = text.split("\n", 1)[0]
        self.assertEqual(status, got, text)
        self.assertIn(words, first, text)
        if status == 1:
            self.assertIn("shown by:", text)
            self.assertIn("mend it:", text)
        return text


class Tls(Bench):
    def serve(self, certificate, key, *more):
        """openssl s_server, that answers one handshake after the other."""
        program = self.programs.start("server", [
            "openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate,
            "-key", key, "-naccept", "50", "-quiet", *more])
        program.wait_for_port(self.port)

    def look(self, status, words, *more, name=NAME):
        return self.assert_says(status, words, "tls", "--ca", self.pki.ca, "--name", name,
                                *more, f"127.0.0.1:{self.port}")

    def test_in_order(self):
        self.serve(*self.pki.certify("good", NAME))
        text = self.look(0, "ok", "--verbose")
        self.assertRegex(text, r"TLSv1\.[23], TLS")

    def test_ran_out(self):
        self.serve(*self.pki.certify("old", NAME, days="-1"))
        self.assertRegex(self.look(1, "blocked"), r"(?i)expired|ran out|valid until")

    def test_another_name(self):
        self.serve(*self.pki.certify("other", "chicago.test", is_local=False))
        self.assertIn(NAME, self.look(1, "blocked"))

    def test_unknown_ca(self):
        stranger = Pki(os.path.join(self.folder, "stranger"))
        self.serve(*stranger.certify("good", NAME))
        self.assertRegex(self.look(1, "blocked"), "CA|chain|trust")

    def test_nobody_listens(self):
        self.look(1, f"nobody listens at 127.0.0.1:{self.port}")

    def test_no_tls(self):
        def greet(server):
            while True:
                try:
                    stream, _ = server.accept()
                    stream.sendall(b"220 mail.test ESMTP\r\n")
                    time.sleep(0.5)
                    stream.close()
                except OSError:
                    return
        server = socket.create_server(("127.0.0.1", self.port))
        self.addCleanup(server.close)
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        self.look(1, "does not speak TLS")

    def test_silence(self):
        server = socket.create_server(("127.0.0.1", self.port))
        self.addCleanup(server.close)
        began = time.monotonic()
        self.look(1, "blocked")
        self.assertLess(time.monotonic() - began, 30)

    def test_it_wants_ours(self):
        self.serve(*self.pki.certify("good", NAME), "-Verify", "1", "-CAfile", self.pki.ca,
                   "-verify_return_error")
        self.look(1, "wants a certificate from us")
        certificate, key = self.pki.certify("ours", DOMAIN)
        self.look(0, "ok", "--certificate", certificate, "--key", key)
        stranger = Pki(os.path.join(self.folder, "stranger"))
        certificate, key = stranger.certify("ours", DOMAIN)
        self.look(1, "does not trust the CA of our certificate", "--certificate", certificate,
                  "--key", key)

    def test_no_such_name(self):
        self.assert_says(1, "blocked", "tls", "no-such-host.invalid:5061")

    def test_json(self):
        got, text = doctor("tls", "--json", "--ca", self.pki.ca, f"127.0.0.1:{self.port}")
        self.assertEqual(1, got)
        self.assertTrue(json.loads(text))

    def test_usage(self):
        self.assertEqual(64, doctor("tls", "--nonsense")[0])
        self.assertEqual(64, doctor("nonsense")[0])


class Certificates(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        self.send_response_only(server.status)
        if server.skew_s is not None:
            self.send_header("Date", email.utils.formatdate(time.time() + server.skew_s,
                                                            usegmt=True))
        if server.cached:
            self.send_header("Cache-Control", server.cached)
        self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, *_):
        pass


class Identity(Bench):
    def serve(self, signer, web=None, **changes):
        """A server of signer's certificate, with a TLS certificate of its own."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Certificates)
        with open(signer, "rb") as file:
            body = file.read()
        for key, value in dict(status=200, skew_s=0, cached="max-age=3600",
                               body=body).items():
            setattr(server, key, changes.get(key, value))
        certificate, key = web or self.pki.certify("web", "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def look(self, status, words, *more):
        return self.assert_says(status, words, "identity", "--url",
                                f"https://localhost:{self.port}/cert", "--allow",
                                "127.0.0.0/8,::1", "--ca", self.pki.ca, "--fetch-ca",
                                self.pki.ca, *more, NAME)

    def good(self):
        return self.pki.certify("signer", NAME, is_local=False)[0]

    def test_in_order(self):
        self.serve(self.good())
        self.look(0, "others can verify")

    def test_address_that_nobody_fetches_from(self):
        self.serve(self.good())
        self.assert_says(1, "address is not one to fetch from", "identity", "--url",
                         f"https://localhost:{self.port}/cert", NAME)

    def test_another_domains(self):
        self.serve(self.pki.certify("other", "chicago.test", is_local=False)[0])
        self.assertIn(NAME, self.look(1, "blocked"))

    def test_ran_out(self):
        self.serve(self.pki.certify("old", NAME, is_local=False, days="-1")[0])
        self.look(1, "blocked")

    def test_unknown_ca(self):
        stranger = Pki(os.path.join(self.folder, "stranger"))
        self.serve(stranger.certify("signer", NAME)[0])
        self.look(1, "blocked")

    def test_the_servers_own_certificate(self):
        stranger = Pki(os.path.join(self.folder, "stranger"))
        self.serve(self.good(), stranger.certify("web", "localhost"))
        self.look(1, "not trusted")

    def test_not_there(self):
        self.serve(self.good(), status=404)
        self.look(1, "404")

    def test_nobody_listens(self):
        self.look(1, "refused")

    def test_no_such_name(self):
        self.assert_says(1, "no-such-host.invalid", "identity", "no-such-host.invalid")

    def test_clocks(self):
        self.serve(self.good(), skew_s=3600)
        self.assertRegex(self.look(1, "clock"), r"behind|ahead of")

    def test_no_cache_control(self):
        self.serve(self.good(), cached="")
        got, text = doctor("identity", "--url", f"https://localhost:{self.port}/cert",
                           "--allow", "127.0.0.0/8,::1", "--ca", self.pki.ca, "--fetch-ca",
                           self.pki.ca, NAME)
        self.assertEqual(0, got, text)
        self.assertIn("not told how long to keep", text)

    def test_no_certificate(self):
        self.serve(self.good(), body=b"<html>welcome</html>")
        self.look(1, "blocked")


CONFIG = """\
state_dir: {folder}/state
domains:
  - name: atlanta.test
listeners:
  - transport: tcp
    address: {address}:{port}
  - transport: udp
    address: {address}:{port}
media:
  interfaces:
    - address: 127.0.0.1
  ports: {media}
rpc:
  run_dir: {folder}/run
"""


class Ports(Bench):
    def config(self, address="127.0.0.1", media=None):
        path = os.path.join(self.folder, "countersip.yaml")
        os.makedirs(self.folder, exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=self.folder, address=address, port=self.port,
                                     media=media or f"{self.port + 2}-{self.port + 9}"))
        return path

    def look(self, status, words, config):
        return self.assert_says(status, words, "ports", "--config", config)

    def test_free(self):
        self.look(0, "can be had", self.config())

    def test_taken(self):
        with socket.create_server(("127.0.0.1", self.port)):
            text = self.look(1, f"TCP 127.0.0.1:{self.port} is taken by", self.config())
        self.assertIn(str(os.getpid()), text)

    def test_the_daemons_own(self):
        config = self.config()
        program = self.programs.start("countersip", [os.path.join(BUILD, "countersip"), "-f",
                                                     config])
        program.wait_for_port(self.port)
        text = self.assert_says(0, "ok", "ports", "--config", config, "--verbose")
        self.assertIn(f"TCP 127.0.0.1:{self.port} is the daemon's", text)

    def test_no_address_of_this_host(self):
        self.look(1, "192.0.2.1 is no address of this host", self.config("192.0.2.1"))

    def test_media_ports_of_others(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", self.port + 4))
            got, text = doctor("ports", "--config", self.config())
        self.assertEqual(0, got, text)
        self.assertIn("1 of 8 media ports are others'", text)
        self.assertIn(f"{self.port + 4} of", text)

    def test_media_ports_that_the_kernel_gives_away(self):
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            first = int(file.read().split()[0])
        got, text = doctor("ports", "--config", self.config(media=f"{first}-{first + 99}"))
        self.assertEqual(0, got, text)
        self.assertIn("ip_local_reserved_ports", text)

    def test_a_bad_configuration(self):
        path = os.path.join(self.folder, "bad.yaml")
        os.makedirs(self.folder, exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write("nonsense: 1\n")
        got, text = doctor("ports", "--config", path)
        self.assertNotEqual(0, got)
        self.assertIn("bad.yaml:1:1", text)


class Whole(Lab):
    """All of a configuration, beside the daemon that runs with it."""

    def test_every_listener_and_peer(self):
        got, text = doctor("tls", "--config", self.sbc.config)
        self.assertEqual(1, got, text)
        self.assertIn(f"nobody listens at 127.0.0.1:{self.base + 9}", text.split("\n", 1)[0])
        got, text = doctor("tls", "--config", self.sbc.config, "--verbose", "biloxi")
        self.assertIn("biloxi", text)

    def test_our_own_certificate(self):
        url = f"https://localhost:{self.https_port}/cert"
        got, text = doctor("identity", "--config", self.sbc.config, "--url", url,
                           "--fetch-ca", self.pki.ca, DOMAIN)
        self.assertEqual(0, got, text)
        self.assertIn("others can verify", text)


if __name__ == "__main__":
    unittest.main()
