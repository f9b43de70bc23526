"""Exchanges values with a memcached server through Twisted's client.

    python3 twisted_memcache.py PORT

Stores "from twisted" with the flags 7 under the key "twisted", prints the value and the flags of
the key "torsion", adds 5 to the number of the key "count", and prints the sum.
"""

import sys

from twisted.internet import defer, endpoints, task
from twisted.protocols.memcache import MemCacheProtocol


@defer.inlineCallbacks
def main(reactor, port):
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(port))
    client = yield endpoints.connectProtocol(endpoint, MemCacheProtocol())
    yield client.set(b"twisted", b"from twisted", flags=7)
    flags, value = yield client.get(b"torsion")
    print(value.decode(), flags)
    print((yield client.increment(b"count", 5)))
    client.transport.loseConnection()


task.react(main, sys.argv[1:])
