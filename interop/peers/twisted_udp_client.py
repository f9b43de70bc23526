"""Twisted's side of the tests: sends a datagram from a connected port, and prints the reply.

    python3 twisted_udp_client.py PORT TEXT
"""

import sys

from twisted.internet import protocol, reactor


class Client(protocol.DatagramProtocol):
    def startProtocol(self):
        self.transport.connect("127.0.0.1", int(sys.argv[1]))
        self.transport.write(sys.argv[2].encode())

    def datagramReceived(self, data, addr):
        print("received", data.decode(), flush=True)
        reactor.stop()


reactor.listenUDP(0, Client(), interface="127.0.0.1")
reactor.run()
