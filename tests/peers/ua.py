# SPDX-License-Identifier: GPL-3.0-or-later
"""A user agent over UDP that says exactly what a test wants, and no more."""

import hashlib
import os
import re
import socket
import time

SDP = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} UDP/TLS/RTP/SAVP 0\r
a=rtpmap:0 PCMU/8000\r
a=rtcp-mux\r
a=setup:{setup}\r
a=fingerprint:sha-256 {fingerprint}\r
"""
FINGERPRINT = ":".join(["5A"] * 32)
HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def token():
    return os.urandom(6).hex()


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *self.lines = head.split("\r\n")
        self.is_response = self.first.startswith("SIP/2.0 ")
        self.code = int(self.first.split()[1]) if self.is_response else 0
        self.method = "" if self.is_response else self.first.split()[0]

    def all(self, name):
        found = [line.partition(":") for line in self.lines]
        return [value.strip() for key, _, value in found if key.strip().lower() == name.lower()]

    def get(self, name):
        return (self.all(name) or [""])[0]


def credentials(challenge, user, password, method, uri):
    """The answer to a Digest challenge (RFC 7616) with qop=auth."""
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge))
    name = HASHES[fields.get("algorithm", "MD5")]

    def h(text):
        return hashlib.new(name, text.encode()).hexdigest()
    cnonce = token()
    first = h(f"{user}:{fields['realm']}:{password}")
    response = h(f"{first}:{fields['nonce']}:00000001:{cnonce}:auth:{h(f'{method}:{uri}')}")
    opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
    return (f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm={fields.get("algorithm", "MD5")}, '
            f'qop=auth, nc=00000001, cnonce="{cnonce}"{opaque}')


class Ua:
    def __init__(self, user, domain, password, port, host="127.0.0.1"):
        """host and port: where its server listens."""
        self.user, self.domain, self.password = user, domain, password
        self.host = host
        self.name = ""  # for display
        self.description = ""  # what it offers and answers; its own socket's when empty
        self.bind_to(0, port)
        self.tag = token()
        self.cseq = 0

    def bind_to(self, own, port):
        """From this port of ours (0: any) to that one."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", own))
        self.socket.connect((self.host, port))
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()

    def send(self, text):
        self.socket.send(text.encode())

    def request(self, method, uri, call_id, to=None, headers=(), body="", cseq=None):
        """Sends it and gives back its text. to: the To header's value."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        has_kind = any(line.lower().startswith("content-type:") for line in headers)
        kind = ["Content-Type: application/sdp"] if body and not has_kind else []
        lines = [f"{method} {uri} SIP/2.0",
                 f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{token()};rport",
                 "Max-Forwards: 70",
                 f"From: {self.name}<sip:{self.user}@{self.domain}>;tag={self.tag}",
                 f"To: {to or f'<{uri}>'}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}",
                 f"Contact: <sip:{self.user}@127.0.0.1:{self.port}>", *headers, *kind,
                 f"Content-Length: {len(body)}"]
        text = "\r\n".join(lines) + "\r\n\r\n" + body
        self.send(text)
        return text

    def receive(self, seconds=5):
        """The next message, or None."""
        self.socket.settimeout(seconds)
        try:
            return Message(self.socket.recv(65536).decode(errors="replace"))
        except (socket.timeout, ConnectionRefusedError):
            return None

    def wait(self, wanted, seconds=5):
        """The next message that wanted(message) takes; others are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.01, deadline - time.monotonic()))
            if message and wanted(message):
                return message
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.user} waited {seconds} s in vain")

    def wait_final(self, method, seconds=5):
        return self.wait(lambda m: m.code >= 200 and m.get("CSeq").endswith(method), seconds)

    def respond(self, request, code, reason, body=""):
        to = request.get("To")
        to += "" if ";tag=" in to else f";tag={self.tag}"
        lines = [f"SIP/2.0 {code} {reason}", *(f"Via: {v}" for v in request.all("Via")),
                 *(f"Record-Route: {v}" for v in request.all("Record-Route")),
                 f"From: {request.get('From')}", f"To: {to}",
                 f"Call-ID: {request.get('Call-ID')}", f"CSeq: {request.get('CSeq')}",
                 f"Contact: <sip:{self.user}@127.0.0.1:{self.port}>",
                 *(["Content-Type: application/sdp"] if body else []),
                 f"Content-Length: {len(body)}"]
        self.send("\r\n".join(lines) + "\r\n\r\n" + body)

    def register(self):
        uri, call_id = f"sip:{self.domain}", token()
        to = f"<sip:{self.user}@{self.domain}>"
        self.request("REGISTER", uri, call_id, to=to)
        challenge = self.wait_final("REGISTER")
        answer = credentials(challenge.get("WWW-Authenticate"), self.user, self.password,
                             "REGISTER", uri)
        self.request("REGISTER", uri, call_id, to=to, headers=[f"Authorization: {answer}"])
        return self.wait_final("REGISTER")

    def ack(self, uri, response, cseq, routes=()):
        """routes: Record-Route values of the response."""
        self.request("ACK", uri, response.get("Call-ID"), to=response.get("To"), cseq=cseq,
                     headers=[f"Route: {route}" for route in reversed(routes)])

    def ack_answer(self, answered, cseq):
        """Of an INVITE with that CSeq: to where the 200 says."""
        contact = re.search(r"<([^>]+)>", answered.get("Contact"))
        self.ack(contact[1], answered, cseq, answered.all("Record-Route"))

    def bye(self, answered):
        """Ends the call that this 200 answered; the CSeq."""
        contact = re.search(r"<([^>]+)>", answered.get("Contact"))
        routes = reversed(answered.all("Record-Route"))
        self.request("BYE", contact[1], answered.get("Call-ID"), to=answered.get("To"),
                     headers=[f"Route: {route}" for route in routes])
        return self.cseq

    def uri_of(self, target):
        return f"sip:{target}" if "@" in target else f"sip:{target}@{self.domain}"

    def offer(self):
        return self.description or SDP.format(port=self.port, setup="actpass",
                                              fingerprint=FINGERPRINT)

    def answer(self, invite):
        if callable(self.description):
            return self.description(invite)
        return self.description or SDP.format(port=self.port, setup="active",
                                              fingerprint=FINGERPRINT)

    def invite_unasked(self, target, headers=()):
        """Where nobody asks for a password."""
        self.request("INVITE", self.uri_of(target), token(), body=self.offer(),
                     headers=headers)
        return self.cseq

    def invite(self, target):
        """Offers, and proves the password. The final response comes later."""
        uri, call_id, body = self.uri_of(target), token(), self.offer()
        sent = Message(self.request("INVITE", uri, call_id, body=body))
        challenge = self.wait_final("INVITE", 10)
        via = sent.get("Via")
        ack = (f"ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\n"
               f"From: {sent.get('From')}\r\nTo: {challenge.get('To')}\r\n"
               f"Call-ID: {call_id}\r\nCSeq: {self.cseq} ACK\r\nContent-Length: 0\r\n\r\n")
        self.send(ack)
        value = challenge.get("Proxy-Authenticate") or challenge.get("WWW-Authenticate")
        answer = credentials(value, self.user, self.password, "INVITE", uri)
        self.request("INVITE", uri, call_id, body=body,
                     headers=[f"Proxy-Authorization: {answer}"])
        return self.cseq


def connect(caller, callee, cseq=None):
    """A call up to its ACK. (200 as the caller heard it, INVITE as the callee heard it). cseq:
    of the INVITE that was sent already."""
    cseq = cseq or caller.invite(callee.user)
    invite = callee.wait(lambda m: m.method == "INVITE")
    callee.respond(invite, 200, "OK", callee.answer(invite))
    answered = caller.wait_final("INVITE")
    if answered.code != 200:
        raise AssertionError(f"the call was refused: {answered.first}")
    caller.ack_answer(answered, cseq)
    callee.wait(lambda m: m.method == "ACK")
    return answered, invite
