"""Twisted's side of the tests: passes file descriptors over a UNIX socket, in both directions.

    python3 twisted_descriptors.py PATH

Connects to PATH, and sends the reading end of a pipe with the line `pipe`. Then it receives a file
descriptor, writes `written by Twisted` to it, and prints the bytes that came with it.
"""

import os
import sys

from zope.interface import implementer

from twisted.internet import endpoints, interfaces, protocol, reactor


@implementer(interfaces.IFileDescriptorReceiver)
class Client(protocol.Protocol):
    received = b""

    def connectionMade(self):
        self.reader, writer = os.pipe()
        os.write(writer, b"read from Twisted")
        os.close(writer)
        self.transport.sendFileDescriptor(self.reader)
        self.transport.write(b"pipe\n")

    def fileDescriptorReceived(self, descriptor):
        print("descriptor after", len(self.received), "bytes", flush=True)
        os.write(descriptor, b"written by Twisted")
        os.close(descriptor)

    def dataReceived(self, data):
        self.received += data
        if self.received.endswith(b"\n"):
            print("received", self.received.decode().strip(), flush=True)
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print("lost", reason.type.__name__, flush=True)
        reactor.stop()


endpoint = endpoints.UNIXClientEndpoint(reactor, sys.argv[1])
endpoints.connectProtocol(endpoint, Client())
reactor.run()
