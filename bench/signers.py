# SPDX-License-Identifier: GPL-3.0-or-later
"""Two countersips more: one that verifies each call, and one that verifies it and signs it
anew, as it does for a proxy of its own domain; the certificate is in the cache."""

import os
import sys

import servers

ROOT = os.path.dirname(servers.HERE)
sys.path[:0] = [ROOT, os.path.join(ROOT, "tools", "demo")]

from pki import Pki  # noqa: E402
from tests.peers.kamailio import Files  # noqa: E402

VERIFIES = "    identity_required: true\n    require_mky: false\n    accept: [rfc8224]"
VOUCHES = VERIFIES + "\n    authenticates: true"
SIGNS = "    sign: [rfc8224]"
FETCHES = "fetch:\n  allow: [127.0.0.0/8]"


def add(bench):
    pki = Pki(os.path.join(os.path.abspath(bench.folder), "keys"))
    web = Files(pki.folder)
    words = {"ca": f"ca: {pki.ca}", "more": FETCHES}
    for name, domain, more in (
            ("verify", "caller.test", {"caller_keys": VERIFIES}),
            ("sign", "bench.test", {"caller_keys": VOUCHES, "callee_keys": SIGNS,
                                    "caller_domain": "elsewhere.test"})):
        certificate, key = pki.certify(name, domain)
        if name == "sign":
            more["domain_keys"] = f"    certificate: {certificate}\n    key: {key}"
        server = bench.add(name, servers.Ours, **words, **more)
        server.generator.ask("sign", domain, key, certificate, web.url(f"{name}.pem"), pki.ca)
