"""A one-pass deflate for filtered pictures: Huffman codes and repeated pixels, no search for matches.

Filtered bytes of photographs hold next to no matches that a search would find, so that most of a
general deflate's time is wasted on them. Here the data is looked at in words of eight bytes: a word that
equals the bytes one pixel before it continues a run (a match at that one distance), all others are
literals. zlib's strategy Z_RLE is the same idea with runs of single bytes.

References
----------
RFC 1950 (zlib), RFC 1951 (deflate) 3.2.4 to 3.2.7.
Moffat and Katajainen, In-place calculation of minimum-redundancy codes, WADS 1995,
doi:10.1007/3-540-60220-8_79.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
from isal import isal_zlib

from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A 256² RGBA tile is one block; larger pictures get codes of their own for each part of this size.
_BLOCK_WORDS = 40_000
_SYMBOLS = 286
_END = 256
_LONGEST_CODE = 15
_FARTHEST = 4
_LONGEST_RUN = 258
_STORED_BYTES = 65535
_U0, _U1, _U8, _U63, _U64 = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(63), np.uint64(64)
_BYTE = np.uint64(255)
_CODE = np.uint64(0xFFFF)
_U16 = np.uint64(16)
# The order in which the lengths of the code-length code are written (3.2.7).
_HEADER_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])


@kernel
def _put(out, state, bits, count):
    """Append at most 60 bits; the state is the unfinished word, its bits and its place."""
    held, used, at = state
    held |= bits << used
    out[at] = held
    after = used + count
    full = after >= _U64
    rest = bits >> ((_U64 - used) & _U63)
    return rest if full else held, after & _U63, at + _U1 if full else at


@kernel
def _put_coded(out, state, entry):
    """Append one symbol; an entry is its code and, from bit 16, the code's length."""
    return _put(out, state, entry & _CODE, entry >> _U16)


@kernel
def _four(table, word):
    """Return the codes of the low four bytes of a word, joined, and their bits, at most 60."""
    a, b = table[word & _BYTE], table[(word >> _U8) & _BYTE]
    c, d = table[(word >> _U16) & _BYTE], table[(word >> np.uint64(24)) & _BYTE]
    size_a, size_c = a >> _U16, c >> _U16
    low, size_low = (a & _CODE) | ((b & _CODE) << size_a), size_a + (b >> _U16)
    high, size_high = (c & _CODE) | ((d & _CODE) << size_c), size_c + (d >> _U16)
    return low | (high << size_low), size_low + size_high


@kernel
def _next_match(left):
    """Return the next match of a run, its symbol and its count of extra bits (3.2.5)."""
    if left == _LONGEST_RUN or left >= _LONGEST_RUN + 3:
        return _LONGEST_RUN, 285, 0
    # No piece may be shorter than 3.
    length = left if left < _LONGEST_RUN else left - 3
    past, extra = length - 3, 0
    while past >> extra >= 8:
        extra += 1
    return length, 257 + 4 * extra + (past >> extra), extra


@kernel
def _count_run(counts, left):
    """Count the symbols of a run."""
    while left > 0:
        length, symbol, _ = _next_match(left)
        counts[symbol] += 1
        left -= length


@kernel
def _put_run(out, state, table, left):
    """Append a run; its distance code is the single bit 0."""
    while left > 0:
        length, symbol, extra = _next_match(left)
        state = _put_coded(out, state, table[symbol])
        over = (length - 3) & ((1 << extra) - 1)
        state = _put(out, state, np.uint64(over), np.uint64(extra + 1))
        left -= length
    return state


@kernel
def _count_symbols(block, distance, tables, counts):
    """Count the symbols of a block: its words, the bytes after them, the word before them."""
    words, tail, before = block
    counts[:] = 0
    tables[:] = 0
    near, far = np.uint64(8 * distance), np.uint64(64 - 8 * distance)
    run = 0
    # Eight tables: increments of one counter in a row would each wait for the one before.
    for k in range(np.uint64(words.size)):
        word = words[np.uint64(k)]
        if word == (before >> far) | (word << near):
            run += 8
        else:
            _count_run(counts, run)
            run = 0
            for lane in range(np.uint64(8)):
                place = np.uint64(lane) << _U8
                tables[place | ((word >> (np.uint64(lane) << np.uint64(3))) & _BYTE)] += 1
        before = word
    _count_run(counts, run)
    for byte in tail:
        counts[byte] += 1
    for byte in range(256):
        for lane in range(8):
            counts[byte] += tables[256 * lane + byte]
    counts[_END] = 1


@kernel
def _put_symbols(out, state, block, distance, table):
    """Append the symbols of a block and its end."""
    words, tail, before = block
    near, far = np.uint64(8 * distance), np.uint64(64 - 8 * distance)
    run = 0
    for k in range(np.uint64(words.size)):
        word = words[np.uint64(k)]
        if word == (before >> far) | (word << near):
            run += 8
        else:
            state = _put_run(out, state, table, run)
            run = 0
            bits, size = _four(table, word)
            state = _put(out, state, bits, size)
            bits, size = _four(table, word >> np.uint64(32))
            state = _put(out, state, bits, size)
        before = word
    state = _put_run(out, state, table, run)
    for byte in tail:
        state = _put_coded(out, state, table[byte])
    return _put_coded(out, state, table[_END])


@kernel
def _sort(keys, size):
    """Sort the first keys upwards (Shell's sort; the gaps are Ciura's)."""
    for gap in (132, 57, 23, 10, 4, 1):
        for i in range(gap, size):
            key, j = keys[i], i
            while j >= gap and keys[j - gap] > key:
                keys[j] = keys[j - gap]
                j -= gap
            keys[j] = key


@kernel
def _join_weights(weights, size):
    """Turn two or more sorted weights into the depths of the inner nodes, in place (M. and K.)."""
    weights[0] += weights[1]
    root, leaf = 0, 2
    for node in range(1, size - 1):
        total = 0
        for _ in range(2):
            if root < node and (leaf >= size or weights[root] < weights[leaf]):
                total += weights[root]
                weights[root] = node
                root += 1
            else:
                total += weights[leaf]
                leaf += 1
        weights[node] = total
    weights[size - 2] = 0
    for node in range(size - 3, -1, -1):
        weights[node] = weights[weights[node]] + 1


@kernel
def _count_lengths(depths, size, limit, per_length):
    """Count the codes of each length up to a limit, from the depths of the inner nodes."""
    per_length[:] = 0
    free, depth, node, leaves = 1, 0, size - 2, size
    while leaves > 0:
        inner = 0
        while node >= 0 and depths[node] == depth:
            inner += 1
            node -= 1
        per_length[min(depth, limit)] += free - inner
        leaves -= free - inner
        free = 2 * inner
        depth += 1
    # Codes cut to the limit overfill the code space: lengthen shorter ones until it is exactly full.
    total = 0
    for length in range(1, limit + 1):
        total += per_length[length] << (limit - length)
    while total > 1 << limit:
        length = limit - 1
        while per_length[length] == 0:
            length -= 1
        per_length[limit] -= 1
        per_length[length] -= 1
        per_length[length + 1] += 2
        total -= 1


@kernel
def _make_code(counts, limit, scratch, per_length, table):
    """Fill a table with the codes, bits reversed, and lengths of two or more symbols that occur."""
    keys, weights = scratch[0], scratch[1]
    used = 0
    table[:] = 0
    for symbol in range(counts.size):
        if counts[symbol] > 0:
            # The symbol makes keys unique: the same counts give the same code everywhere.
            keys[used] = (counts[symbol] << 9) | symbol
            used += 1
    _sort(keys, used)
    for i in range(used):
        weights[i] = keys[i] >> 9
    _join_weights(weights, used)
    _count_lengths(weights, used, limit, per_length)
    rarest = 0
    for length in range(limit, 0, -1):
        for _ in range(per_length[length]):
            table[keys[rarest] & 511] = np.uint64(length) << _U16
            rarest += 1
    # Canonical codes (3.2.2): `per_length` becomes the next code of each length.
    code = 0
    for length in range(1, limit + 1):
        per_length[length], code = code, (code + per_length[length]) << 1
    for symbol in range(counts.size):
        size = np.int64(table[symbol] >> _U16)
        if size > 0:
            ordinal, mirrored = per_length[size], 0
            per_length[size] += 1
            for bit in range(size):
                mirrored |= ((ordinal >> bit) & 1) << (size - 1 - bit)
            table[symbol] |= np.uint64(mirrored)


@kernel
def _length_at(table, i, literals, total):
    """Return a code length of the header: literals and lengths, then distances."""
    return np.int64(table[i] >> _U16) if i < literals else np.int64(i >= total - 2)


@kernel
def _list_lengths(table, distance, listed):
    """List the code lengths as symbols of the header, run-coded; return literals and entries.

    An entry is a symbol, its extra bits from bit 8 and their count from bit 16.
    """
    literals = _SYMBOLS
    while table[literals - 1] == 0:
        literals -= 1
    # Two distance codes of one bit: a complete code, which the strictest of readers takes.
    total = literals + distance + 1
    size, i, last = 0, 0, -1
    while i < total:
        length = _length_at(table, i, literals, total)
        alike, end = 1, min(total, i + (138 if length == 0 else 6))
        while i + alike < end and _length_at(table, i + alike, literals, total) == length:
            alike += 1
        if length == 0 and alike >= 11:
            listed[size] = 18 | ((alike - 11) << 8) | (7 << 16)
        elif length == 0 and alike >= 3:
            listed[size] = 17 | ((alike - 3) << 8) | (3 << 16)
        elif length == last and alike >= 3:
            listed[size] = 16 | ((alike - 3) << 8) | (2 << 16)
        else:
            listed[size] = length
            alike = 1
        last = length
        size += 1
        i += alike
    return literals, size


@kernel
def _put_header(out, state, literals, distance, header):
    """Append the codes of a dynamic block, after its type (3.2.7)."""
    listed, order, code = header
    counted = 19
    while counted > 4 and code[order[counted - 1]] == 0:
        counted -= 1
    sizes = (literals - 257) | (distance << 5) | ((counted - 4) << 10)
    state = _put(out, state, np.uint64(sizes), np.uint64(14))
    for i in range(counted):
        state = _put(out, state, code[order[i]] >> _U16, np.uint64(3))
    for entry in listed:
        state = _put_coded(out, state, code[entry & 255])
        state = _put(out, state, np.uint64((entry >> 8) & 255), np.uint64(entry >> 16))
    return state


@kernel
def _block_bits(counts, table, header_counts, header_code):
    """Return the size of a dynamic block, at most 70 bits above the truth."""
    bits = np.int64(3 + 14 + 57)
    for symbol in range(_SYMBOLS):
        bits += counts[symbol] * np.int64(table[symbol] >> _U16)
        if symbol > _END:
            extra = (symbol - 261) // 4 if 265 <= symbol < 285 else 0
            bits += counts[symbol] * (extra + 1)
    for symbol in range(19):
        extra = (2, 3, 7)[symbol - 16] if symbol >= 16 else 0
        bits += header_counts[symbol] * (np.int64(header_code[symbol] >> _U16) + extra)
    return bits


@kernel
def _put_stored(out, state, data, last):
    """Append bytes as they are (3.2.4)."""
    for start in range(0, data.size, _STORED_BYTES):
        part = data[start : start + _STORED_BYTES]
        final = last and start + part.size == data.size
        state = _put(out, state, np.uint64(final), np.uint64(3))
        state = _put(out, state, _U0, (_U64 - state[1]) & np.uint64(7))
        size = np.uint64(part.size)
        state = _put(out, state, size | ((size ^ _CODE) << _U16), np.uint64(32))
        for byte in part:
            state = _put(out, state, np.uint64(byte), _U8)
    return state


@kernel
def _deflate_kernel(data, words, distance, checksum, out, size):
    """Write a zlib stream of `data`; `words` are its bytes in words of eight, without the rest."""
    counts, header_counts = np.zeros(_SYMBOLS, np.int64), np.zeros(19, np.int64)
    tables = np.zeros(8 * 256, np.uint32)
    scratch, per_length = np.zeros((2, _SYMBOLS), np.int64), np.zeros(64, np.int64)
    table, header_code = np.zeros(_SYMBOLS, np.uint64), np.zeros(19, np.uint64)
    listed = np.zeros(_SYMBOLS + 8, np.int64)
    state = _put(out, (_U0, _U0, _U0), np.uint64(0x0178), _U16)  # CMF, FLG
    whole = words.size
    before = ~(words[0] << np.uint64(64 - 8 * distance)) if whole > 0 else _U0  # starts no run
    blocks = max(whole // _BLOCK_WORDS, 1)
    for number in range(blocks):
        start, stop = whole * number // blocks, whole * (number + 1) // blocks
        last = number == blocks - 1
        end = data.size if last else 8 * stop
        part = (words[start:stop], data[8 * stop : end], before)
        _count_symbols(part, distance, tables, counts)
        _make_code(counts, _LONGEST_CODE, scratch, per_length, table)
        literals, entries = _list_lengths(table, distance, listed)
        header_counts[:] = 0
        for entry in listed[:entries]:
            header_counts[entry & 255] += 1
        _make_code(header_counts, 7, scratch, per_length, header_code)
        if _block_bits(counts, table, header_counts, header_code) >= 8 * (end - 8 * start):
            state = _put_stored(out, state, data[8 * start : end], last)
        else:
            state = _put(out, state, np.uint64(4 + last), np.uint64(3))
            header = (listed[:entries], _HEADER_ORDER, header_code)
            state = _put_header(out, state, literals, distance, header)
            state = _put_symbols(out, state, part, distance, table)
        before = words[stop - 1] if stop > 0 else before
    state = _put(out, state, _U0, (_U64 - state[1]) & np.uint64(7))
    for shift in (24, 16, 8, 0):
        state = _put(out, state, np.uint64((checksum >> shift) & 255), _U8)
    size[0] = 8 * state[2] + (state[1] >> np.uint64(3))


def deflate_rle(data: NDArray[np.uint8], distance: int = 1) -> bytes:
    """Return a zlib stream of an array's bytes in C order.

    Parameters
    ----------
    data : uint8, any shape
    distance : 1 to 4
        Bytes a pixel: runs of equal pixels are found. Any value gives a right stream.
    """
    if not 1 <= distance <= _FARTHEST:
        raise ValueError(f"distance {distance}: expected 1 to {_FARTHEST} bytes a pixel")
    if data.size == 0:
        return zlib.compress(b"")
    # Kernels are compiled for one kind of array: aligned, writeable, in one piece.
    flat = np.require(data.reshape(-1), np.uint8, ("C", "A", "W"))
    words = np.require(flat[: flat.size // 8 * 8].view(np.uint64), requirements=("C", "A", "W"))
    # Stored pieces cost 5 bytes each, the last word of every block may stick out.
    out = np.empty(flat.size // 8 + flat.size // 6_000 + 16, np.uint64)
    size = np.zeros(1, np.int64)
    _deflate_kernel(flat, words, distance, isal_zlib.adler32(flat), out, size)
    return out.view(np.uint8)[: size[0]].tobytes()
