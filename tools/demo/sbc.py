# SPDX-License-Identifier: GPL-3.0-or-later
"""One countersip process: its configuration, its start and stop, and what it wrote down."""

import hashlib
import os

from ladder import read_json_lines

CONFIG = """\
# Made by tools/demo for the demo; config/countersip.yaml is the one with comments.
state_dir: {folder}/state
log_level: info
sip_trace: {folder}/sip_trace.jsonl
call_records: {call_records}
ca: {ca}

domains:
  - name: {domain}
    certificate: {certificate}
    key: {key}
{more_domain}
listeners:
  - transport: tls
    address: 127.0.0.1:{tls_port}
  - transport: udp
    address: 127.0.0.1:{sip_port}
  - transport: tcp
    address: 127.0.0.1:{sip_port}
{more_listeners}
http:
  address: 127.0.0.1:{https_port}

users:
{users}

peers:
  - name: {peer}
    domain: {peer_domain}
    address: 127.0.0.1:{peer_port}
    transport: tls
    sign: [rfc8224]
    accept: [rfc8224]
    answer_identity: require
{more_peers}
routes:
  - domain: {peer_domain}
    peer: {peer}
{more_routes}
media:
  interfaces:
    - address: 127.0.0.1
{more_interfaces}
  ports: {media_first}-{media_last}
  dtls_deadline_ms: 20000

fetch:
  allow: [127.0.0.0/8]

rpc:
  run_dir: {folder}/run
{more_rpc}
hosts:
  atlanta.test: 127.0.0.1
  biloxi.test: 127.0.0.1
{more}"""


def ha1(algorithm, user, domain, password):
    return hashlib.new(algorithm, f"{user}:{domain}:{password}".encode()).hexdigest()


def users_yaml(domain, users, more=None):
    """users: name to password. more: name to lines of other keys."""
    return "\n".join(f"  - name: {name}\n    domain: {domain}\n"
                     f"    ha1_md5: {ha1('md5', name, domain, password)}"
                     + "".join(f"\n    {line}" for line in (more or {}).get(name, ()))
                     for name, password in users.items())


class Sbc:
    """settings: domain, users (name to password), ca, certificate, key, tls_port, sip_port,
    https_port, peer_domain, peer_port, media_first, media_last; if there are any: user_keys
    (name to lines), more_domain, more_listeners, more_interfaces,
    more_peers, more_routes, more_rpc, more (YAML); call_records (path); prefix (what starts
    it: words of a command)."""

    def __init__(self, programs, binary, folder, **settings):
        self.programs = programs
        self.binary = os.path.abspath(binary)
        self.folder = os.path.abspath(folder)
        self.settings = settings
        self.name = settings["domain"].split(".")[0]
        self.config = os.path.join(self.folder, "countersip.yaml")
        self.program = None
        os.makedirs(self.folder, exist_ok=True)
        for old in ("sip_trace.jsonl", "call_records.jsonl"):
            if os.path.exists(self._path(old)):
                os.unlink(self._path(old))

    def _path(self, name):
        return os.path.join(self.folder, name)

    def write_config(self):
        s = self.settings
        users = users_yaml(s["domain"], s["users"], s.get("user_keys", {}))
        words = dict(dict.fromkeys(("more_domain", "more_listeners", "more_interfaces",
                                    "more_peers", "more_routes", "more_rpc", "more"), ""),
                     **s)
        words.setdefault("call_records", self._path("call_records.jsonl"))
        words.update(users=users, folder=self.folder, peer=s["peer_domain"].split(".")[0])
        text = CONFIG.format(**words)
        with open(self.config, "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(self.config, 0o600)

    def start(self, **changes):
        self.settings.update(changes)
        self.write_config()
        self.program = self.programs.start(self.name, [
            *self.settings.get("prefix", ()), self.binary, "-f", self.config])
        self.program.wait_for_port(self.settings["tls_port"])
        self.program.wait_for_port(self.settings["https_port"])

    def stop(self):
        """Its exit status after SIGTERM; None: it had to be killed."""
        return self.program.stop() if self.program else 0

    def trace(self):
        return read_json_lines(self._path("sip_trace.jsonl"))

    def records(self):
        return read_json_lines(self._path("call_records.jsonl"))
