# SPDX-License-Identifier: GPL-3.0-or-later
"""A linphonec phone: SIP over UDP, DTLS-SRTP, a file as its microphone, a recording as its
loudspeaker. Told what to do on its standard input."""

import os

from procs import wait_for

CONFIG = """\
[sip]
sip_port={port}
sip_tcp_port=-1
sip_tls_port=-1
bind_address=127.0.0.1
media_encryption=dtls
media_encryption_mandatory=1
default_proxy=0
guess_hostname=0
contact="{user}" <sip:{user}@127.0.0.1:{port}>
use_ipv6=0
register_only_when_network_is_up=0
[proxy_0]
reg_proxy=<sip:127.0.0.1:{server_port}>
reg_route=<sip:127.0.0.1:{server_port};lr>
reg_identity="{user}" <sip:{user}@{domain}>
reg_expires=600
reg_sendregister=1
publish=0
[auth_info_0]
username={user}
passwd={password}
realm={domain}
domain={domain}
[rtp]
audio_rtp_port={rtp_port}
symmetric=1
[audio_codec_0]
mime=PCMU
rate=8000
channels=1
enabled=1
[net]
firewall_policy=0
nat_policy_ref=
[misc]
store_friends=0
file_transfer_server_url=
[storage]
uri={folder}/linphone.db
"""


class Linphone:
    """ports: port for SIP, and rtp_port with one behind it."""

    def __init__(self, programs, user, **settings):
        self.folder = settings["folder"]
        self.heard = os.path.join(self.folder, "heard.wav")
        self.log = os.path.join(self.folder, "linphone.log")
        # It wants these to be there.
        os.makedirs(os.path.join(self.folder, ".local", "share", "linphone"), exist_ok=True)
        os.makedirs(os.path.join(self.folder, ".config", "linphone"), exist_ok=True)
        config = os.path.join(self.folder, "linphonerc")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(user=user, **settings))
        fifo = os.path.join(self.folder, "commands")
        os.mkfifo(fifo)
        self._commands = os.open(fifo, os.O_RDWR)  # both ways: opens at once, and never ends
        env = dict(os.environ, HOME=self.folder)
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "DISPLAY"):
            env.pop(name, None)
        self.program = programs.start("linphone", [
            "sh", "-c", f"exec linphonec -a -c {config} -d 6 -l {self.log} < {fifo}"], env=env)
        self.say("soundcard use files")
        self.say(f"play {settings['tone']}")
        self.say(f"record {self.heard}")
        wait_for(self._is_registered, settings["patience"],
                 f"linphone's registration, see {self.log}")

    def _is_registered(self):
        self.program.check()
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "to [LinphoneRegistrationOk]" in file.read()
        except FileNotFoundError:
            return False

    def say(self, line):
        os.write(self._commands, line.encode() + b"\n")

    def stop(self):
        if self._commands >= 0:
            if self.program.is_running():
                self.say("quit")
            try:
                wait_for(lambda: not self.program.is_running(), 3, "linphone to end")
            finally:
                self.program.stop()
                os.close(self._commands)
                self._commands = -1
