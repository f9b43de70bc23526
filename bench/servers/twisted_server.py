"""An echo server on Twisted. With "hello", it sends a greeting and closes instead.

Usage: python3 twisted_server.py PORT [hello]
"""

import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol


class Echo(Protocol):
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data):
        self.transport.write(data)


class Hello(Protocol):
    def connectionMade(self):
        self.transport.write(b"Hello Twisted")
        self.transport.loseConnection()


factory = Factory.forProtocol(Hello if len(sys.argv) > 2 else Echo)
factory.noisy = False
port = reactor.listenTCP(int(sys.argv[1]), factory, backlog=4096, interface="127.0.0.1")
print("listening on", port.getHost().port, flush=True)
reactor.run()
