# SPDX-License-Identifier: GPL-3.0-or-later
"""A baresip phone: SIP over TLS, DTLS-SRTP, a file as its microphone, a recording as its
loudspeaker. Told what to do, and heard, over its ctrl_tcp module (JSON in netstrings)."""

import glob
import json
import os
import re
import socket
import time

from procs import DemoError, wait_for

MODULES = "/usr/lib/baresip/modules"
LIFETIME = 120  # seconds after which a forgotten phone ends by itself

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip_port}
sip_transports udp,tls
sip_certificate {certificate}
sip_cafile {ca}
sip_verify_server yes
call_local_timeout 60
call_max_calls 2
audio_player aubridge,nil
audio_source aufile,{tone}
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
audio_buffer 20-160
rtp_ports {rtp_port}-{rtp_last}
rtcp_mux yes
jitter_buffer_delay 5-10
net_interface 127.0.0.1
module_path {modules}
module stdio.so
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
module dtls_srtp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{ctrl_port}
snd_path {folder}
"""

ACCOUNT = ('<sip:{user}@{domain};transport=tls>;auth_pass={password};regint=300;'
           'outbound="sip:127.0.0.1:{proxy_port};transport=tls";answermode={answer};'
           'mediaenc={mediaenc};audio_codecs=PCMU/8000/1\n')


class Phone:
    """ports: four from this one on for SIP and control, and rtp_port with ten for media."""

    def __init__(self, programs, name, **settings):
        self.name = name
        self.folder = settings["folder"]
        self.ctrl_port = settings["port"] + 3
        self.events = []
        self._unread = b""
        self._answers = {}  # the newest to each command
        self._control = None
        os.makedirs(self.folder, exist_ok=True)
        self._forget()
        self._write_files(settings)
        self.program = programs.start(name, ["baresip", "-4", "-f", self.folder, "-s", "-v",
                                             "-t", str(LIFETIME)])
        self.program.wait_for_port(self.ctrl_port)
        self._control = socket.create_connection(("127.0.0.1", self.ctrl_port), 5)
        self._control.settimeout(0.05)

    def _forget(self):
        for old in glob.glob(os.path.join(self.folder, "dump-*.wav")):
            os.unlink(old)

    def _write_files(self, settings):
        config = CONFIG.format(
            sip_port=settings["port"], ctrl_port=self.ctrl_port, modules=MODULES,
            folder=self.folder, certificate=settings["certificate"], ca=settings["ca"],
            tone=settings["tone"], rtp_port=settings["rtp_port"],
            rtp_last=settings["rtp_port"] + 9)
        account = ACCOUNT.format(
            user=self.name, domain=settings["domain"], password=settings["password"],
            proxy_port=settings["proxy_port"], answer=settings.get("answer", "manual"),
            mediaenc=settings.get("mediaenc", "dtls_srtp"))
        for file, text in (("config", config), ("accounts", account)):
            with open(os.path.join(self.folder, file), "w", encoding="ascii") as out:
                out.write(text)
            os.chmod(os.path.join(self.folder, file), 0o600)

    def command(self, word, parameters=""):
        text = json.dumps({"command": word, "params": parameters, "token": word}).encode()
        self._control.sendall(b"%d:%s," % (len(text), text))

    def _read(self):
        """Takes in what came; events are kept with the moment they were seen."""
        try:
            block = self._control.recv(65536)
        except (socket.timeout, BlockingIOError):
            return
        if not block:
            raise DemoError(f"{self.name}'s phone closed its control connection, "
                            f"see {self.program.log}")
        self._unread += block
        while b":" in self._unread:
            length, _, rest = self._unread.partition(b":")
            end = int(length)
            if len(rest) <= end:
                return
            message = json.loads(rest[:end].decode(errors="replace"))
            self._unread = rest[end + 1:]
            if message.get("event"):
                self.events.append((time.monotonic(), message))
            else:
                self._answers[message.get("token")] = message.get("data", "")

    def event(self, kind):
        """The first event of that type, or None."""
        self._read()
        return next((e for _, e in self.events if e.get("type") == kind), None)

    def wait_event(self, kind, seconds):
        self.program.check()
        return wait_for(lambda: self.event(kind), seconds, f"{self.name}'s {kind}")

    def wait_registered(self, seconds=10):
        """Asked, not heard: it may have registered before anybody listened to it."""
        def registered():
            self.program.check()
            self.command("reginfo")
            time.sleep(0.1)
            self._read()
            return re.search(r"sip:\S+\s+\S*OK\b", self._answers.get("reginfo", ""))
        wait_for(registered, seconds, f"{self.name}'s registration, see {self.program.log}")

    def recording(self, since=0.0):
        """The newest of what it heard, as a WAV file written after that time; else None."""
        found = [path for path in glob.glob(os.path.join(self.folder, "dump-*-dec.wav"))
                 if os.path.getmtime(path) > since]
        return max(found, key=os.path.getmtime, default=None)

    def stop(self):
        if self._control:
            self._control.close()
            self._control = None
        self.program.stop()
