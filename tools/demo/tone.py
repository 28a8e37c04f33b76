# SPDX-License-Identifier: GPL-3.0-or-later
"""Tones: written as WAV files for a phone to play, and measured in what another recorded."""

import array
import math
import sys
import wave
from collections import namedtuple

RATE = 8000  # Hz, what PCMU carries

Tone = namedtuple("Tone", "seconds hertz level purity")


def write(path, hertz, seconds, level=0.5):
    """A sine of that frequency; level 1.0 is full scale."""
    samples = array.array("h", (round(32767 * level * math.sin(2 * math.pi * hertz * n / RATE))
                                for n in range(RATE * seconds)))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())


def read(path):
    """(samples, rate) of the first channel of a 16-bit WAV file."""
    with wave.open(path, "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: not 16 bits a sample")
        samples = array.array("h", file.readframes(file.getnframes()))
        channels, rate = file.getnchannels(), file.getframerate()
    if sys.byteorder == "big":
        samples.byteswap()
    return samples[::channels], rate


def _crossings_hertz(samples, rate):
    """Frequency from the first to the last rising zero crossing, each set between samples."""
    rising = []
    for n in range(1, len(samples)):
        before, after = samples[n - 1], samples[n]
        if before < 0 <= after:
            rising.append(n - 1 + before / (before - after))
    if len(rising) < 2:
        return 0.0
    return (len(rising) - 1) * rate / (rising[-1] - rising[0])


def _goertzel_power(samples, rate, hertz):
    """Mean power of one frequency."""
    turn = 2 * math.cos(2 * math.pi * hertz / rate)
    s1 = s2 = 0.0
    for sample in samples:
        s1, s2 = sample + turn * s1 - s2, s1
    magnitude = s1 * s1 + s2 * s2 - turn * s1 * s2
    return 2 * magnitude / (len(samples) ** 2)


def measure(path):
    """What stands in the loud middle of a recording. level: RMS, 1.0 is full scale; purity:
    the part of the power that is the tone's (0..1)."""
    samples, rate = read(path)
    seconds = len(samples) / rate
    loud = [n for n, sample in enumerate(samples) if abs(sample) > 1000]
    if not loud or loud[-1] - loud[0] < rate // 2:
        return Tone(seconds, 0.0, 0.0, 0.0)
    # The beginning may have the phones' buffers filling; the end is cut anywhere.
    first = loud[0] + (loud[-1] - loud[0]) // 4
    middle = samples[first:min(first + rate, loud[-1])]
    power = sum(sample * sample for sample in middle) / len(middle)
    hertz = _crossings_hertz(middle, rate)
    purity = _goertzel_power(middle, rate, hertz) / power if power else 0.0
    return Tone(seconds, hertz, math.sqrt(power) / 32768, min(purity, 1.0))
