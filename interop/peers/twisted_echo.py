"""Twisted's side of the tests: listens on an endpoint string, and sends received bytes back in capitals.

    python3 twisted_echo.py ENDPOINT

Prints its port, and the reason of each connectionLost.
"""

import sys

from twisted.internet import endpoints, protocol, reactor


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())

    def connectionLost(self, reason):
        print("lost", reason.type.__name__, flush=True)


def listening(port):
    print("listening on", getattr(port.getHost(), "port", "a path"), flush=True)


def failed(failure):
    print("failed", failure.getErrorMessage(), flush=True)
    reactor.stop()


endpoint = endpoints.serverFromString(reactor, sys.argv[1])
endpoint.listen(protocol.Factory.forProtocol(Echo)).addCallbacks(listening, failed)
reactor.run()
