# SPDX-License-Identifier: GPL-3.0-or-later
"""The same call by SIPp, to see that our own generator measures what everybody means."""

import os
import subprocess
import sys
import time

import relays

SDP = """v=0
o=user 53655765 2353687637 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
CALLER = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="caller">
<send retrans="500" start_rtd="1"><![CDATA[
INVITE sip:sipp@callee.test SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:caller@caller.test>;tag=[pid]SIPp[call_number]
To: <sip:sipp@callee.test>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

""" + SDP + """]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true" rtd="1"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
[routes]
From: <sip:caller@caller.test>;tag=[pid]SIPp[call_number]
To: <sip:sipp@callee.test>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<pause milliseconds="200"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
[routes]
From: <sip:caller@caller.test>;tag=[pid]SIPp[call_number]
To: <sip:sipp@callee.test>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""
ANSWER = """[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[pid]SIPp[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:sipp@[local_ip]:[local_port]>
"""
CALLEE = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="callee">
<recv request="INVITE"/>
<send><![CDATA[
SIP/2.0 180 Ringing
""" + ANSWER + """Content-Length: 0

]]></send>
<pause milliseconds="20"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
""" + ANSWER + """Content-Type: application/sdp
Content-Length: [len]

""" + SDP + """]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


def _start(server, name, text, address, more):
    path = os.path.join(server.folder, f"{name}.xml")
    with open(path, "w", encoding="ascii") as out:
        out.write(text)
    host, port = address.split(":")
    return subprocess.Popen(
        ["sipp", f"{server.address}:5060", "-sf", path, "-i", host, "-p", port, "-nostdin",
         "-trace_stat", "-stf", os.path.join(server.folder, f"{name}.csv"), *more],
        cwd=server.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


def _last(server):
    """The caller's counters at its end."""
    with open(os.path.join(server.folder, "caller.csv"), encoding="ascii") as text:
        lines = [line.split(";") for line in text.read().splitlines()]
    row = dict(zip(lines[0], lines[-1]))
    return (int(row["TotalCallCreated"]), int(row["SuccessfulCall(C)"]),
            int(row["Retransmissions(C)"]))


def run(server, rate, seconds):
    """SIPp takes the places of our generator's ends, which gives them up for good."""
    server.end_generator()
    cpu = sum(map(relays.cpu_seconds, server.pids()))
    count = int(rate * seconds)
    callee = _start(server, "callee", CALLEE, server.callee, ["-m", str(count)])
    time.sleep(0.3)
    caller = _start(server, "caller", CALLER, server.caller,
                    ["-r", str(rate), "-m", str(count), "-l", "10000"])
    try:
        caller.wait(seconds + 40)
    except subprocess.TimeoutExpired:
        print("bench-calls: SIPp does not end", file=sys.stderr)
    for process in (caller, callee):
        process.terminate()
        process.wait()
    cpu = sum(map(relays.cpu_seconds, server.pids())) - cpu
    started, completed, resent = _last(server)
    return {"started": started, "completed": completed, "failed": started - completed,
            "resent": resent, "cpu": cpu, "seconds": seconds, "calls": completed,
            "ms": 1000 * cpu / max(completed, 1), "ring_p50": 0, "ring_p99": 0, "bye_p50": 0,
            "bye_p99": 0, "refused": 0}
