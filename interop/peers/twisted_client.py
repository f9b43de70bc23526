"""Twisted's side of the tests: connects to an endpoint string, sends a text, and prints the reply.

    python3 twisted_client.py ENDPOINT TEXT

Waits for as many bytes as it sent, closes, and prints the reason of connectionLost.
"""

import sys

from twisted.internet import endpoints, protocol, reactor


class Client(protocol.Protocol):
    received = b""

    def connectionMade(self):
        self.transport.write(sys.argv[2].encode())

    def dataReceived(self, data):
        self.received += data
        if len(self.received) == len(sys.argv[2].encode()):
            print("received", self.received.decode(), flush=True)
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print("lost", reason.type.__name__, flush=True)
        reactor.stop()


def failed(failure):
    print("failed", failure.getErrorMessage(), flush=True)
    reactor.stop()


endpoint = endpoints.clientFromString(reactor, sys.argv[1])
endpoints.connectProtocol(endpoint, Client()).addErrback(failed)
reactor.run()
