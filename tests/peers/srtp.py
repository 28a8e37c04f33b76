# SPDX-License-Identifier: GPL-3.0-or-later
"""SRTP with given keys, by libsrtp2 as Debian has it: for peers that tell the keys of their
handshake but send no media themselves."""

import ctypes
import ctypes.util

# RFC 5764 section 4.1.2, RFC 7714 section 14.2: bytes of key and salt.
PROFILES = {1: (16, 14), 2: (16, 14), 7: (16, 12), 8: (32, 12)}
SSRC_ANY_INBOUND, SSRC_ANY_OUTBOUND = 2, 3
TRAILER_MAX = 144


class _CryptoPolicy(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in (
        "cipher_type", "cipher_key_len", "auth_type", "auth_key_len", "auth_tag_len",
        "sec_serv")]


class _Policy(ctypes.Structure):
    _fields_ = [("ssrc_type", ctypes.c_int), ("ssrc_value", ctypes.c_uint),
                ("rtp", _CryptoPolicy), ("rtcp", _CryptoPolicy),
                ("key", ctypes.c_char_p), ("keys", ctypes.c_void_p),
                ("num_master_keys", ctypes.c_ulong), ("deprecated_ekt", ctypes.c_void_p),
                ("window_size", ctypes.c_ulong), ("allow_repeat_tx", ctypes.c_int),
                ("enc_xtn_hdr", ctypes.c_void_p), ("enc_xtn_hdr_count", ctypes.c_int),
                ("next", ctypes.c_void_p)]


def _library():
    library = ctypes.CDLL("libsrtp2.so.1")
    if library.srtp_init():
        raise OSError("libsrtp2 does not start")
    return library


_LIBRARY = _library()


class Srtp:
    """One direction. profile: number of RFC 5764. master: key and salt."""

    def __init__(self, profile, master, is_outbound):
        policy = _Policy(ssrc_type=SSRC_ANY_OUTBOUND if is_outbound else SSRC_ANY_INBOUND,
                         key=master, window_size=128)
        for part in ("rtp", "rtcp"):
            set_from = getattr(_LIBRARY, f"srtp_crypto_policy_set_from_profile_for_{part}")
            if set_from(ctypes.byref(getattr(policy, part)), profile):
                raise ValueError(f"libsrtp2 does not know the profile {profile}")
        self._session = ctypes.c_void_p()
        status = _LIBRARY.srtp_create(ctypes.byref(self._session), ctypes.byref(policy))
        if status:
            raise ValueError(f"srtp_create: {status}")

    def close(self):
        _LIBRARY.srtp_dealloc(self._session)

    def _run(self, function, packet):
        buffer = ctypes.create_string_buffer(packet, len(packet) + TRAILER_MAX)
        length = ctypes.c_int(len(packet))
        status = function(self._session, buffer, ctypes.byref(length))
        return None if status else buffer.raw[:length.value]

    def protect(self, packet):
        return self._run(_LIBRARY.srtp_protect, packet)

    def unprotect(self, packet):
        """None: it does not verify."""
        return self._run(_LIBRARY.srtp_unprotect, packet)


def pair(profile, material, is_client):
    """(what this end sends with, what it receives with): RFC 5764 section 4.2."""
    key, salt = PROFILES[profile]
    client_key, server_key = material[:key], material[key:2 * key]
    salts = material[2 * key:]
    client, server = client_key + salts[:salt], server_key + salts[salt:2 * salt]
    mine, theirs = (client, server) if is_client else (server, client)
    return Srtp(profile, mine, True), Srtp(profile, theirs, False)
