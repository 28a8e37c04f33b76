# SPDX-License-Identifier: GPL-3.0-or-later
"""baresip phones of a lab's users, each with a tone of its own as its microphone."""

import os

from tests.peers.lab import DOMAIN, PASSWORDS  # first: it finds tools/demo

import tone  # noqa: E402
from phone import Phone  # noqa: E402


class Phones:
    """Beside Lab. offset: of a phone's ports from the lab's first; it takes fourteen."""

    def phone(self, name, offset, hertz, **settings):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "tone.wav")
        tone.write(path, hertz, 60)
        certificate, key = self.pki.certify(f"phone-{name}", "phone.test")
        both = os.path.join(folder, "phone.pem")
        with open(both, "w", encoding="ascii") as out:
            for part in (certificate, key):
                with open(part, encoding="ascii") as file:
                    out.write(file.read())
        phone = Phone(self.programs, name, folder=folder, port=self.base + offset,
                      rtp_port=self.base + offset + 4, certificate=both, ca=self.pki.ca,
                      tone=path, domain=DOMAIN,
                      password=self.SETTINGS.get("users", PASSWORDS)[name],
                      proxy_port=self.tls_port, **settings)
        self.addCleanup(phone.stop)
        phone.wait_registered()
        return phone
