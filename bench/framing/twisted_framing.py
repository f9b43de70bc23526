"""Receives frames with Twisted's protocols, and prints the processor time of a round for each line
of standard input, in seconds.

Usage: python3 twisted_framing.py FORMAT FILE CHUNK_SIZE < LINES
"""

import sys
import time

from twisted.protocols import basic
from twisted.internet.testing import StringTransport


class Counter:
    frames = 0
    length = 0

    def add(self, frame):
        self.frames += 1
        self.length += len(frame)


class Lines(Counter, basic.LineOnlyReceiver):
    delimiter = b"\n"
    lineReceived = Counter.add


class TextLines(Counter, basic.LineOnlyReceiver):
    delimiter = b"\n"

    def lineReceived(self, line):
        self.add(line.decode())


class Netstrings(Counter, basic.NetstringReceiver):
    stringReceived = Counter.add


class Int32Strings(Counter, basic.Int32StringReceiver):
    stringReceived = Counter.add


PROTOCOLS = {
    "lines as text": TextLines,
    "lines as bytes": Lines,
    "netstrings": Netstrings,
    "Int32 strings": Int32Strings,
}

wire_format, file, chunk_size = sys.argv[1:]
with open(file, "rb") as opened:
    data = opened.read()
size = int(chunk_size)
chunks = [data[at : at + size] for at in range(0, len(data), size)]
for _ in sys.stdin:
    protocol = PROTOCOLS[wire_format]()
    protocol.makeConnection(StringTransport())
    start = time.process_time()
    for chunk in chunks:
        protocol.dataReceived(chunk)
    print(time.process_time() - start, protocol.frames, protocol.length, flush=True)
