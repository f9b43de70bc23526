"""Receives boxes with Twisted's AMP, and prints the processor time of a round for each line
of standard input, in seconds.

Usage: python3 twisted_amp.py JOB FILE CHUNK_SIZE < LINES

The job is "boxes", which counts boxes and their values, or "calls", which answers calls of Sum.
"""

import sys
import time

from twisted.protocols import amp


class Sum(amp.Command):
    arguments = [(b"a", amp.Integer()), (b"b", amp.Integer())]
    response = [(b"total", amp.Integer())]


class Calculator(amp.AMP):
    count = 0
    length = 0

    @Sum.responder
    def sum(self, a, b):
        self.count += 1
        return {"total": a + b}


class Boxes(amp.AMP):
    count = 0
    length = 0

    def ampBoxReceived(self, box):
        self.count += 1
        self.length += sum(map(len, box.values()))


class Transport:
    """Counts the bytes that are written, as a socket would."""

    written = 0
    disconnecting = False

    def write(self, data):
        self.written += len(data)

    def getPeer(self):
        return "peer"

    def getHost(self):
        return "host"


job, file, chunk_size = sys.argv[1:]
with open(file, "rb") as opened:
    data = opened.read()
size = int(chunk_size)
chunks = [data[at : at + size] for at in range(0, len(data), size)]
for _ in sys.stdin:
    protocol = {"boxes": Boxes, "calls": Calculator}[job]()
    transport = Transport()
    protocol.makeConnection(transport)
    start = time.process_time()
    for chunk in chunks:
        protocol.dataReceived(chunk)
    print(time.process_time() - start, protocol.count, protocol.length or transport.written, flush=True)
