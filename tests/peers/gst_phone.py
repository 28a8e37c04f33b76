#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A phone of GStreamer's elements, without SIP: dtlssrtpenc and dtlssrtpdec on one socket, PCMU.

    gst_phone.py client|server PORT REMOTE_PORT KEY CERTIFICATE HERTZ SECONDS WAV

Plays a tone and records what it hears. The system's python3, which has gi."""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gio, GLib, Gst  # noqa: E402

PIPELINE = """
udpsrc name=in close-socket=false !
    dtlssrtpdec name=dec connection-id=one
dec.rtp_src ! application/x-rtp,media=audio,clock-rate=8000,encoding-name=PCMU,payload=0 !
    rtppcmudepay ! mulawdec ! wavenc ! filesink location={wav}
dec.rtcp_src ! fakesink async=false
audiotestsrc is-live=true freq={hertz} volume=0.5 samplesperbuffer=160 !
    audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay max-ptime=20000000 !
    enc.rtp_sink_0
dtlssrtpenc name=enc connection-id=one is-client={is_client} !
    udpsink name=out host=127.0.0.1 port={remote} sync=false async=false
"""


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def main():
    role, port, remote, key, certificate, hertz, seconds, wav = sys.argv[1:]
    Gst.init(None)
    pipeline = Gst.parse_launch(PIPELINE.format(
        remote=remote, hertz=hertz, wav=wav,
        is_client="true" if role == "client" else "false"))
    source, sink, decoder = (pipeline.get_by_name(name) for name in ("in", "out", "dec"))
    decoder.set_property("pem", read(certificate) + read(key))
    one = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP)
    one.bind(Gio.InetSocketAddress.new_from_string("127.0.0.1", int(port)), False)
    source.set_property("socket", one)
    sink.set_property("socket", one)
    sink.set_property("close-socket", False)
    decoder.connect("notify::connection-state", lambda element, _: print(
        "state", element.get_property("connection-state").value_nick, flush=True))
    loop = GLib.MainLoop()
    bus = pipeline.get_bus()
    bus.add_signal_watch()

    def failed(_bus, message):
        print("failed", message.parse_error(), flush=True)
        loop.quit()
    bus.connect("message::error", failed)

    def end():
        pipeline.send_event(Gst.Event.new_eos())
        GLib.timeout_add(300, loop.quit)
        return False
    pipeline.set_state(Gst.State.PLAYING)
    print("listening", port, flush=True)
    GLib.timeout_add(int(float(seconds) * 1000), end)
    loop.run()
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
