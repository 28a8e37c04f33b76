# SPDX-License-Identifier: GPL-3.0-or-later
"""A link between countersip and a peer: a UDP relay of the tests' own, in a thread. It can spoil
what passes (seeded), and it can keep media for the test, where the peer only does handshakes."""

import heapq
import random
import select
import socket
import threading
import time

DATAGRAM_MAX = 65536
IDLE_S = 0.02


class Impairment:
    """What becomes of the datagrams of one direction. loss, duplicate, reorder: parts of 1;
    delay: seconds, and those that are reordered wait late seconds more; above mtu they are
    dropped."""

    def __init__(self, seed=0, loss=0.0, duplicate=0.0, reorder=0.0, delay=0.0, late=0.03,
                 mtu=DATAGRAM_MAX):
        self.random = random.Random(seed)
        self.loss, self.duplicate, self.reorder = loss, duplicate, reorder
        self.delay, self.late, self.mtu = delay, late, mtu
        self.passed = self.lost = self.doubled = self.reordered = self.too_long = 0
        self.longest = 0

    def times(self, datagram):
        """After how many seconds it goes on: once, twice or not at all."""
        self.longest = max(self.longest, len(datagram))
        if len(datagram) > self.mtu:
            self.too_long += 1
            return []
        lost, doubled, late = (self.random.random() for _ in range(3))
        if lost < self.loss:
            self.lost += 1
            return []
        self.passed += 1
        after = [self.delay]
        if late < self.reorder:
            self.reordered += 1
            after = [self.delay + self.late]
        if doubled < self.duplicate:
            self.doubled += 1
            after.append(self.delay + self.late / 2)
        return after


def is_dtls(datagram):
    return datagram and 20 <= datagram[0] <= 63  # RFC 7983


class Link:
    """outer: the port that SDP names, towards countersip; inner: the port that the peer speaks
    to. With takes_media what is not DTLS goes no further than to self.media."""

    def __init__(self, takes_media=False, to_peer=None, from_peer=None):
        self.takes_media = takes_media
        self.to_peer = to_peer or Impairment()
        self.from_peer = from_peer or Impairment()
        self.sbc = None   # (address, port), once SDP told it
        self.peer = None  # the same of the peer; else learnt from its first datagram
        self.media = []   # (time, datagram)
        self.received = threading.Condition()
        self._queue, self._count = [], 0
        self._lock = threading.Lock()  # of the queue: a test sends media from its own thread
        self._outer, self.outer = self._bind()
        self._inner, self.inner = self._bind()
        self._ends = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def _bind():
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        return opened, opened.getsockname()[1]

    def close(self):
        self._ends = True
        self._thread.join()
        self._outer.close()
        self._inner.close()

    def send_media(self, datagram):
        """To countersip, as if the peer had sent it."""
        self._pass_on(self.from_peer, datagram, False)

    def _pass_on(self, impairment, datagram, is_to_peer):
        with self._lock:
            for after in impairment.times(datagram):
                self._count += 1  # keeps the order of equal times
                heapq.heappush(self._queue,
                               (time.monotonic() + after, self._count, is_to_peer, datagram))
        self._flush()

    def _take_due(self):
        """(seconds until the next one is due, None), or (0, it)."""
        with self._lock:
            if not self._queue:
                return IDLE_S, None
            wait = self._queue[0][0] - time.monotonic()
            return (min(wait, IDLE_S), None) if wait > 0 else (0, heapq.heappop(self._queue))

    def _flush(self):
        """Sends what is due; seconds until the next one is."""
        while True:
            wait, due = self._take_due()
            if not due:
                return wait
            _, _, is_to_peer, datagram = due
            opened, to = (self._inner, self.peer) if is_to_peer else (self._outer, self.sbc)
            if to:
                try:
                    opened.sendto(datagram, to)
                except OSError:
                    pass  # whoever was there is gone

    def _from_sbc(self):
        datagram, self.sbc = self._outer.recvfrom(DATAGRAM_MAX)
        if self.takes_media and not is_dtls(datagram):
            with self.received:
                self.media.append((time.monotonic(), datagram))
                self.received.notify_all()
            return
        self._pass_on(self.to_peer, datagram, True)

    def _from_peer(self):
        datagram, self.peer = self._inner.recvfrom(DATAGRAM_MAX)
        self._pass_on(self.from_peer, datagram, False)

    def _run(self):
        while not self._ends:
            ready, _, _ = select.select([self._outer, self._inner], [], [], self._flush())
            for opened in ready:
                try:
                    (self._from_sbc if opened is self._outer else self._from_peer)()
                except OSError:
                    pass  # ICMP of a peer that is gone

    def take_media(self, wanted, seconds):
        """The first result of wanted(datagram) that is not None, among what came since it was
        last asked; None when time is up."""
        deadline = time.monotonic() + seconds
        while True:
            with self.received:
                self.received.wait_for(lambda: self.media, deadline - time.monotonic())
                came, self.media = self.media, []
            for _, datagram in came:
                result = wanted(datagram)
                if result is not None:
                    return result
            if time.monotonic() >= deadline:
                return None
