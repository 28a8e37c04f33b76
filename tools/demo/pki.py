# SPDX-License-Identifier: GPL-3.0-or-later
"""A private CA and what it certifies, made with the openssl program. For the demo and the
tests of the whole daemon; a real domain gets its certificate elsewhere."""

import os
import subprocess

from procs import DemoError

DAYS = "30"


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise DemoError(f"openssl {arguments[0]}: {done.stderr.strip()}")


class Pki:
    """Files NAME.pem (certificate) and NAME.key (0600) in one folder; ca.pem is the anchor."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o700)
        self.ca = self.path("ca.pem")
        if not os.path.exists(self.ca):
            self._make_key("ca", rsa=False)
            _openssl("req", "-x509", "-new", "-key", self.path("ca.key"), "-sha256",
                     "-days", DAYS, "-subj", "/O=countersip demo/CN=demo CA",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.ca)

    def path(self, name):
        return os.path.join(self.folder, name)

    def _make_key(self, name, rsa):
        kind = (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if rsa else
                ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        _openssl("genpkey", *kind, "-out", self.path(f"{name}.key"))
        os.chmod(self.path(f"{name}.key"), 0o600)

    def certify(self, name, domain, rsa=False, more="", *, days=DAYS, is_local=True):
        """A certificate for domain. is_local: also good for 127.0.0.1 and localhost, where
        the phones of the demo find their proxy. more: lines of extensions. days below 0: it
        ran out. (certificate, key)."""
        certificate, key = self.path(f"{name}.pem"), self.path(f"{name}.key")
        if os.path.exists(certificate):
            return certificate, key
        extensions = self.path(f"{name}.ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{domain},URI:sip:{domain}"
                       f"{',DNS:localhost,IP:127.0.0.1' if is_local else ''}\n"
                       "basicConstraints=critical,CA:FALSE\n"
                       "keyUsage=critical,digitalSignature,keyEncipherment\n"
                       "extendedKeyUsage=serverAuth,clientAuth\n" + more)
        self._make_key(name, rsa)
        request = self.path(f"{name}.csr")
        _openssl("req", "-new", "-key", key, "-subj", f"/CN={domain}", "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.path("ca.key"),
                 "-set_serial", f"0x{os.urandom(15).hex()}", "-sha256", "-days", days,
                 "-extfile", extensions, "-out", certificate)
        os.unlink(request)
        os.unlink(extensions)
        return certificate, key
