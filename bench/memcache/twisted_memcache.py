"""Gets values with Twisted's memcached client, and prints the processor time of a round for each line
of standard input, in seconds.

Usage: python3 twisted_memcache.py FILE COUNT CHUNK_SIZE < LINES

The file has the answers to COUNT requests of the keys key0, key1 and so on.
"""

import sys
import time

from twisted.protocols.memcache import MemCacheProtocol


class Client(MemCacheProtocol):
    count = 0
    length = 0

    def received(self, result):
        self.count += 1
        self.length += len(result[1])


class Transport:
    """Accepts what is written, as a socket would."""

    disconnecting = False

    def write(self, data):
        pass

    def writeSequence(self, data):
        pass


file, count, chunk_size = sys.argv[1:]
with open(file, "rb") as opened:
    data = opened.read()
size = int(chunk_size)
chunks = [data[at : at + size] for at in range(0, len(data), size)]
for _ in sys.stdin:
    client = Client(timeOut=None)
    client.makeConnection(Transport())
    start = time.process_time()
    for i in range(int(count)):
        client.get(b"key%d" % i).addCallback(client.received)
    for chunk in chunks:
        client.dataReceived(chunk)
    print(time.process_time() - start, client.count, client.length, flush=True)
