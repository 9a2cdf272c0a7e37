"""Random numbers by counter: a draw depends on (seed, stream, task, purpose) and on nothing else.

Nothing is stored or checkpointed, and neither shards, processes nor the length of a tick can move a draw.
The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2,
3"). Everything off the hot path uses numpy Generators from :func:`generator`.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np

from .arrays import inlined, kernel
from .errors import ConfigError

U = np.uint64
_LOW = U(0xFFFFFFFF)
_M0, _M1 = U(0xD2511F53), U(0xCD9E8D57)
_W0, _W1 = U(0x9E3779B9), U(0xBB67AE85)
_S32, _S21, _S11 = U(32), U(21), U(11)
UNIT = 1.0 / 9007199254740992.0  # 2**-53
UNIT32 = 1.0 / 4294967296.0  # 2**-32
_LN2 = 0.6931471805599453


@inlined
def philox(c0: U, c1: U, c2: U, c3: U, key: U) -> tuple[U, U, U, U]:
    """Four 32-bit words (held in uint64) for one counter of four words and one 64-bit key.

    The upper halves are cut off where a word is multiplied, which costs nothing there, and at the end.
    """
    k0 = key & _LOW
    k1 = key >> _S32
    for _ in range(10):
        p0 = _M0 * (c0 & _LOW)
        p1 = _M1 * (c2 & _LOW)
        c0 = (p1 >> _S32) ^ c1 ^ k0
        c1 = p1
        c2 = (p0 >> _S32) ^ c3 ^ k1
        c3 = p0
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0 & _LOW, c1 & _LOW, c2 & _LOW, c3 & _LOW


@kernel
def unit(high: U, low: U) -> float:
    """A float in (0, 1) with 53 random bits from two 32-bit words."""
    return (np.float64((high << _S21) ^ (low >> _S11)) + 0.5) * UNIT


@kernel
def unit32(word: U) -> float:
    """A float in (0, 1) with 32 random bits from one word."""
    return (np.float64(word) + 0.5) * UNIT32


@kernel
def ln(x: float) -> float:
    """Natural logarithm of a normal float > 0 by arithmetic alone: the same bits on every machine.

    Largest relative error 4.4e-16 (the atanh series on a mantissa in [sqrt(1/2), sqrt(2))).
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)
    mantissa = np.int64(bits - (exponent << np.int64(52))).view(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    p = 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 0.2
    p = p * z + 1.0 / 3.0
    p = p * z + 1.0
    return 2.0 * s * p + exponent * _LN2


@kernel
def draw(task: int, purpose: int, key: U) -> tuple[U, U, U, U]:
    """The four words of one task for one purpose."""
    t = U(task)
    return philox(t & _LOW, t >> _S32, U(purpose), U(0), key)


@kernel
def normal32(word: U) -> float:
    """A standard normal from one word, by inversion: the same bits on every machine, 7 digits, at most 6.3 in size.

    Source:
        Wichura 1988, algorithm AS 241, routine PPND7.
    """
    q = unit32(word) - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        return q * above / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
    r = np.sqrt(-ln(0.5 - abs(q)))
    if r <= 5.0:
        r -= 1.6
        above = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        size = above / ((0.12021132975 * r + 0.73700164250) * r + 1.0)
    else:
        r -= 5.0
        above = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        size = above / ((0.012258202635 * r + 0.24197894225) * r + 1.0)
    return float(size) if q > 0 else -float(size)


def key(root_seed: int, stream: str) -> np.uint64:
    """The 64-bit Philox key of a named stream: a new stream moves no other."""
    digest = hashlib.blake2b(f"{root_seed}/{stream}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def generator(root_seed: int, stream: str) -> np.random.Generator:
    """A numpy Generator for a named component, for work off the hot path."""
    digest = hashlib.blake2b(stream.encode(), digest_size=16).digest()
    words = tuple(int(w) for w in np.frombuffer(digest, np.uint32))
    return np.random.default_rng(np.random.SeedSequence(root_seed, spawn_key=words))


def root_seed(rng: object) -> int:
    """The one integer that determines a run.

    Args:
        rng: an int or the text of one is itself; None draws fresh entropy; a Generator gives one draw.

    Raises:
        ConfigError: if it is none of these, or negative.
    """
    if rng is None:
        return secrets.randbits(53)
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**53))
    if isinstance(rng, str) and rng.strip().lstrip("+").isdigit():
        rng = int(rng)
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and int(rng) >= 0:
        return int(rng)
    raise ConfigError(f"rng = {rng!r}, but it must be a whole number from 0 up, a numpy Generator, or None")
