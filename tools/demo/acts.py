# SPDX-License-Identifier: GPL-3.0-or-later
"""The three acts of the demo. Each returns what failed, as sentences; none: it went well."""

import time

import ladder
import show
import tone
from mitm import Mitm
from procs import wait_for
from stage import ALICE_HERTZ, BOB_HERTZ, TONE_LEVEL

TALK = 5.0  # seconds of conversation
PACKETS_MIN = 150  # of 20 ms, each way: three seconds of it at least


class Checks:
    def __init__(self):
        self.failures = []

    def that(self, is_good, text):
        show.verdict(is_good, text)
        if not is_good:
            self.failures.append(text)


def _ladder(stage, records):
    """records: atlanta's and biloxi's."""
    atlanta, biloxi = records
    middle = {atlanta["legs"][1]["call_id"]}
    first = ladder.steps(stage.atlanta.trace(), 1, {
        atlanta["legs"][0]["call_id"]: 0, atlanta["legs"][1]["call_id"]: 2})
    sides = dict.fromkeys(middle, 1)
    if biloxi["legs"][1]["call_id"]:  # refused before there was one
        sides[biloxi["legs"][1]["call_id"]] = 3
    second = ladder.steps(stage.biloxi.trace(), 2, sides)
    ladder.print_ladder(ladder.merge(list(first), list(second), middle))


def _show_registrations(stage):
    listed = []
    for sbc, own, phone in ((stage.atlanta, 1, 0), (stage.biloxi, 2, 3)):
        trace = sbc.trace()
        who = dict.fromkeys(ladder.call_ids(trace, "REGISTER"), phone)
        listed += ladder.steps(trace, own, who)
    ladder.print_ladder(sorted(listed, key=lambda step: step.time))


def _records(stage, counts):
    """The record of the call that ended, of both; counts: how many there were before."""
    def both():
        a, b = stage.atlanta.records(), stage.biloxi.records()
        return (a[-1], b[-1]) if len(a) > counts[0] and len(b) > counts[1] else None
    return wait_for(both, 10, "the records of the call")


def _counts(stage):
    return len(stage.atlanta.records()), len(stage.biloxi.records())


def _show_legs(records):
    atlanta, biloxi = records
    names = ("alice - atlanta, seen by atlanta", "atlanta - biloxi, seen by atlanta",
             "atlanta - biloxi, seen by biloxi", "biloxi - bob, seen by biloxi")
    for name, record, i in zip(names, (atlanta, atlanta, biloxi, biloxi), (0, 1, 0, 1)):
        show.leg(name, record["legs"][i], record["legs"][1 - i])


def _check_tone(checks, who, path, hertz):
    heard = tone.measure(path) if path else tone.Tone(0, 0, 0, 0)
    good = (abs(heard.hertz - hertz) < 5 and heard.purity > 0.9
            and abs(heard.level - TONE_LEVEL) < 0.1 * TONE_LEVEL)
    checks.that(good, f"{who} heard {heard.hertz:.1f} Hz (played: {hertz}), level "
                f"{heard.level:.3f} (played: {TONE_LEVEL:.3f}), {heard.purity:.1%} of it tone, "
                f"{heard.seconds:.1f} s recorded")


def verified_call(stage):
    show.title("1. alice@atlanta.test calls bob@biloxi.test")
    checks = Checks()
    stage.open()
    show.say("both phones register with their own countersip over TLS")
    _show_registrations(stage)
    show.say(f"alice calls bob, they talk for {TALK:g} seconds, alice hangs up")
    before = _counts(stage)
    stage.alice.command("dial", "sip:bob@biloxi.test")
    stage.alice.wait_event("CALL_ESTABLISHED", 10)
    stage.bob.wait_event("CALL_ESTABLISHED", 10)
    time.sleep(TALK)
    stage.alice.command("hangup")
    stage.bob.wait_event("CALL_CLOSED", 5)
    records = _records(stage, before)
    _ladder(stage, records)
    show.title("   what each leg came to")
    _show_legs(records)
    print()
    _check_verified(checks, *records)
    _check_tone(checks, "bob", stage.bob.recording(), ALICE_HERTZ)
    _check_tone(checks, "alice", stage.alice.recording(), BOB_HERTZ)
    return checks.failures


def _check_verified(checks, atlanta, biloxi):
    ends = atlanta["legs"] + biloxi["legs"]
    identity = biloxi["legs"][0]["identity"]
    checks.that(atlanta["legs"][0]["identity"]["outcome"] == "authenticated",
                "atlanta knows alice by her password")
    checks.that(identity["outcome"] == "verified",
                f"biloxi verified {identity['identity']} with the certificate of "
                f"{identity['url']}")
    checks.that(all(end["fingerprint_match"] for end in ends),
                "every handshake showed the certificate that was signalled on its leg")
    checks.that(all(end["dtls"].startswith("DTLS") for end in ends),
                "three legs, each with a DTLS handshake and SRTP keys of its own")
    checks.that(all(end["rtp_relayed"] >= PACKETS_MIN for end in ends),
                "packets went both ways on every leg")


def altered_on_the_way(stage):
    show.title("2. The fingerprint is changed after atlanta signed it")
    show.say("an attacker between the domains, with certificates from a careless CA, changes "
             "one digit of a=fingerprint; atlanta believes it to be biloxi")
    checks = Checks()
    mitm = Mitm(stage.port("mitm_middle"), stage.port("biloxi_tls"),
                server=stage.pki.certify("stolen-biloxi", "biloxi.test"),
                client=stage.pki.certify("stolen-atlanta", "atlanta.test"))
    try:
        stage.restart_atlanta(peer_port=stage.port("mitm_middle"))
        rang = len(stage.bob.events)
        before = _counts(stage)
        stage.alice.command("dial", "sip:bob@biloxi.test")
        closed = stage.alice.wait_event("CALL_CLOSED", 10)
        atlanta, biloxi = records = _records(stage, before)
    finally:
        mitm.stop()
    _ladder(stage, records)
    print()
    checks.that(mitm.altered > 0, f"the attacker changed {mitm.altered} message(s)")
    checks.that(biloxi["sip_code"] == 438,
                f"biloxi refused: {biloxi['sip_code']}, "
                f"{biloxi['legs'][0]['identity']['why'] or biloxi['reason']}")
    checks.that("438" in closed.get("param", ""), f"alice is told: {closed.get('param', '')}")
    checks.that(not any(kind.get("type") == "CALL_INCOMING"
                        for _, kind in stage.bob.events[rang:]), "bob's phone did not ring")
    _check_nothing_relayed(checks, atlanta, biloxi)
    return checks.failures


def _check_nothing_relayed(checks, *records):
    relayed = sum(leg["rtp_relayed"] + leg["rtcp_relayed"]
                  for record in records for leg in record["legs"])
    checks.that(relayed == 0, f"media packets relayed, either way: {relayed}")


def other_certificate(stage):
    show.title("3. A phone shows another certificate than its SDP said")
    show.say("now the attacker sits between alice and atlanta and changes the fingerprint of "
             "her offer: the certificate in her handshake is not the one signalled")
    checks = Checks()
    mitm = Mitm(stage.port("mitm_alice"), stage.port("atlanta_tls"),
                server=stage.pki.certify("stolen-atlanta", "atlanta.test"),
                client=stage.pki.certify("stolen-atlanta", "atlanta.test"))
    try:
        stage.restart_atlanta(proxy_port=stage.port("mitm_alice"))
        began = time.time()
        before = _counts(stage)
        stage.alice.command("dial", "sip:bob@biloxi.test")
        stage.alice.wait_event("CALL_CLOSED", 15)
        atlanta, biloxi = records = _records(stage, before)
    finally:
        mitm.stop()
    _ladder(stage, records)
    show.title("   the leg")
    show.leg("alice - atlanta, seen by atlanta", atlanta["legs"][0], atlanta["legs"][1])
    print()
    checks.that(not atlanta["legs"][0]["fingerprint_match"],
                "atlanta saw a certificate that was not signalled")
    _check_nothing_relayed(checks, atlanta)
    reasons = stage.reasons_of_byes(atlanta)
    checks.that(bool(reasons), f"BYE to both says: {' / '.join(reasons) or 'no Reason'}")
    checks.that(biloxi["answer"] == 0 or biloxi["end"] >= biloxi["answer"],
                f"the call is over for biloxi too, ended by {biloxi['ended_by']}")
    for who, phone in (("bob", stage.bob), ("alice", stage.alice)):
        path = phone.recording(since=began)
        level = tone.measure(path).level if path else 0.0
        checks.that(level == 0.0, f"{who} heard nothing")
    return checks.failures
