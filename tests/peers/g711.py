# SPDX-License-Identifier: GPL-3.0-or-later
"""G.711, mu-law: tones said and sound heard."""

import math
import wave

RATE = 8000  # bytes a second


def _code(sample):
    """From 16 bits."""
    sign, value = (0x80, -sample) if sample < 0 else (0, sample)
    value = min(value, 32635) + 132
    exponent = max(value.bit_length() - 8, 0)
    return ~(sign | exponent << 4 | value >> exponent + 3 & 0x0F) & 0xFF


def _linear(code):
    """To 16 bits."""
    code = ~code & 0xFF
    value = ((code & 0x0F) * 8 + 132 << (code >> 4 & 7)) - 132
    return -value if code & 0x80 else value


_LINEAR = [_linear(code).to_bytes(2, "little", signed=True) for code in range(256)]


def tone(hertz, seconds):
    return bytes(_code(round(16000 * math.sin(2 * math.pi * hertz * n / RATE)))
                 for n in range(round(RATE * seconds)))


def write_wav(path, codes):
    """As a WAV file of 16 bits."""
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"".join(_LINEAR[code] for code in codes))
