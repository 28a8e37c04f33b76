# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Kamailio as the neighbour biloxi.test: it signs what its users send and verifies
what comes from atlanta.test. One with auth_identity (RFC 4474), one with secsipid (RFC 8224,
shaken). Each on a loopback address of its own, since peers over UDP are known by address."""

import functools
import glob
import http.server
import os
import socket
import threading

from procs import DemoError, wait_for

from tests.peers.ua import token

PROBE = ("OPTIONS sip:are-you-there@biloxi.test SIP/2.0\r\n"
         "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call}\r\nMax-Forwards: 1\r\n"
         "From: <sip:lab@localhost>;tag=1\r\nTo: <sip:lab@localhost>\r\n"
         "Call-ID: {call}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
MODULES = "/usr/lib/*/kamailio/modules"
COMMON = """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=1
disable_tcp=yes
listen=udp:{address}:{port}
mpath="{modules}/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
"""
# KAI-2: the order and the codes of the module's own example. KAI-9: the certificate is issued
# by the anchor itself. An ACK has the CSeq of its INVITE and would look like a replay.
AUTH_IDENTITY = COMMON + """loadmodule "auth_identity.so"
modparam("auth_identity", "privatekey_path", "{key}")
modparam("auth_identity", "certificate_path", "{certificate}")
modparam("auth_identity", "certificate_url", "{url}")
modparam("auth_identity", "cainfo_path", "{ca}")
request_route {{
  if ($rU == "are-you-there") {{ sl_send_reply("200", "Yes"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if ($fd == "biloxi.test") {{
    $du = "sip:127.0.0.1:{sbc_port}";
    if (!auth_date_proc() || !auth_add_identity()) {{ sl_send_reply("480", "Not signed"); exit; }}
    t_relay();
    exit;
  }}
  $du = "sip:127.0.0.1:{user_port}";
  if (is_method("BYE|ACK")) {{ t_relay(); exit; }}
  if (!is_present_hf("Identity")) {{ sl_send_reply("428", "Use Identity Header"); exit; }}
  if (!vrfy_check_date()) {{ sl_send_reply("403", "Outdated Date"); exit; }}
  if (!vrfy_get_certificate()) {{ sl_send_reply("436", "Bad Identity-Info"); exit; }}
  if (!vrfy_check_certificate()) {{ sl_send_reply("437", "Unsupported Certificate"); exit; }}
  if (!vrfy_check_msgvalidity()) {{ sl_send_reply("438", "Invalid Identity Header"); exit; }}
  if (!vrfy_check_callid()) {{ sl_send_reply("403", "Replayed"); exit; }}
  xlog("L_ERR", "VERIFIED $fu\\n");
  t_relay();
}}
"""
SECSIPID = COMMON + """loadmodule "secsipid.so"
modparam("secsipid", "expire", 60)
modparam("secsipid", "timeout", 3)
modparam("secsipid", "libopt", "CertVerify=5")
modparam("secsipid", "libopt", "CertCAFile={ca}")
request_route {{
  if ($rU == "are-you-there") {{ sl_send_reply("200", "Yes"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if ($fd == "biloxi.test") {{
    $du = "sip:127.0.0.1:{sbc_port}";
    if (is_method("INVITE") &&
        !secsipid_add_identity("$fU", "$tU", "A", "", "{url}", "{key}")) {{
      sl_send_reply("500", "Not signed"); exit;
    }}
    t_relay();
    exit;
  }}
  $du = "sip:127.0.0.1:{user_port}";
  if (is_method("INVITE")) {{
    if (!secsipid_check_identity("")) {{ sl_send_reply("438", "Invalid Identity Header"); exit; }}
    xlog("L_ERR", "VERIFIED $fu\\n");
  }}
  t_relay();
}}
"""
# A trunk as carriers run them: a password for registrations and for calls (KAM-10), {hash} for
# the digest, qop as {qop} says ("0": none, as kamailio.cfg has it). Its user is behind it.
TRUNK = COMMON + """loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("auth", "algorithm", "{hash}")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", {max_expires})
modparam("registrar", "min_expires", 2)
request_route {{
  if ($rU == "are-you-there") {{ sl_send_reply("200", "Yes"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{realm}", "{password}", "0")) {{
      www_challenge("{realm}", "{qop}"); exit;
    }}
    if (!save("location")) sl_reply_error();
    exit;
  }}
  if ($sp == {user_port}) {{
    if (is_method("INVITE") && !lookup("location")) {{
      sl_send_reply("404", "Not Registered"); exit;
    }}
    t_relay();
    exit;
  }}
  if (is_method("INVITE") && !has_totag() &&
      !pv_proxy_authenticate("{realm}", "{password}", "0")) {{
    proxy_challenge("{realm}", "{qop}"); exit;
  }}
  consume_credentials();
  $du = "sip:127.0.0.1:{user_port}";
  t_relay();
}}
"""
# An edge proxy before us: phones register through it, and calls for them come back by its Path.
PATH_PROXY = COMMON + """loadmodule "rr.so"
loadmodule "path.so"
modparam("path", "use_received", 1)
request_route {{
  if ($rU == "are-you-there") {{ sl_send_reply("200", "Yes"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if ($si == "{sbc_address}" && $sp == {sbc_port}) {{
    if (!is_present_hf("Route")) {{ if (!is_method("ACK")) sl_send_reply("403", "No"); exit; }}
    loose_route();
    if (is_method("INVITE") && !has_totag()) record_route();
    t_relay();
    exit;
  }}
  if (is_method("REGISTER")) add_path();
  else if (has_totag()) loose_route();
  $du = "sip:{sbc_address}:{sbc_port}";
  t_relay();
}}
"""

# A proxy as kamailio.cfg sets one up, between carol and us: it probes us (KAM-1), checks every
# message that we send (KAM-9), counts Max-Forwards its way (KAM-8), stays in the way by two
# Record-Routes where ports differ (KAM-4), and, as {topoh} says, hides its topology, Call-IDs
# too (KAM-20, KAM-21).
EDGE = COMMON + """listen=udp:{address}:{inner_port}
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sanity.so"
loadmodule "ctl.so"
loadmodule "dispatcher.so"
{topoh}modparam("ctl", "binrpc", "unix:{control}")
modparam("dispatcher", "list_file", "{targets}")
modparam("dispatcher", "ds_ping_interval", 1)
modparam("dispatcher", "ds_probing_mode", 1)
modparam("rr", "append_fromtag", 1)
request_route {{
  if ($rU == "are-you-there") {{ sl_send_reply("200", "Yes"); exit; }}
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (!sanity_check("17895", "7")) {{ xlog("L_ERR", "INSANE $rm from $si:$sp\\n"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ xlog("L_ERR", "LOOSE $rm\\n"); t_relay(); exit; }}
    if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
    sl_send_reply("404", "Not here");
    exit;
  }}
  if (is_method("INVITE")) record_route();
  append_hf("P-Hint: outbound\\r\\n");
  if ($sp == {user_port}) {{
    $fs = "udp:{address}:{inner_port}";
    $du = "sip:127.0.0.1:{sbc_port}";
  }} else {{
    $fs = "udp:{address}:{port}";
    $du = "sip:127.0.0.1:{user_port}";
  }}
  t_relay();
}}
"""
TOPOH = """loadmodule "topoh.so"
modparam("topoh", "mask_key", "a key of the lab")
modparam("topoh", "mask_ip", "127.0.0.8")
modparam("topoh", "mask_callid", 1)
"""


def modules_folder():
    """Where the modules are that these tests need; DemoError says which package has them."""
    folders = glob.glob(MODULES)
    for module, package in (("auth_identity.so", "kamailio-tls-modules"),
                            ("secsipid.so", "kamailio-secsipid-modules")):
        if not folders or not os.path.exists(os.path.join(folders[0], module)):
            raise DemoError(f"Kamailio's {module} is missing: package {package}")
    return folders[0]


class Kamailio:
    """settings: address, port, sbc_port, user_port, key, certificate, url, ca."""

    def __init__(self, programs, folder, name, script, **settings):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder, exist_ok=True)
        self.config = os.path.join(self.folder, "kamailio.cfg")
        with open(self.config, "w", encoding="ascii") as out:
            out.write(script.format(modules=modules_folder(), **settings))
        self.program = programs.start(name, [
            "kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-f", self.config, "-Y",
            self.folder, "-P", os.path.join(self.folder, "pid")])
        wait_for(lambda: self._answers(settings["address"], settings["port"]), 20,
                 f"{name} to answer")

    def _answers(self, address, port):
        """It binds its socket early, but drops what comes before it is ready."""
        self.program.check()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.settimeout(0.2)
            own = probe.getsockname()[1]
            probe.sendto(PROBE.format(port=own, call=token()).encode(), (address, port))
            try:
                return probe.recv(4096).startswith(b"SIP/2.0 200")
            except OSError:
                return False

    def said(self, text):
        with open(self.program.log, encoding="utf-8", errors="replace") as log:
            return text in log.read()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Files:
    """A folder of certificates over plain HTTP, which is what these modules can fetch from
    a lab without the system's CAs."""

    def __init__(self, folder):
        handler = functools.partial(_Quiet, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
