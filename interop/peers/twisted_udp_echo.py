"""Twisted's side of the tests: sends back each datagram, in capitals.

    python3 twisted_udp_echo.py
"""

from twisted.internet import protocol, reactor


class Echo(protocol.DatagramProtocol):
    def datagramReceived(self, data, addr):
        self.transport.write(data.upper(), addr)


port = reactor.listenUDP(0, Echo(), interface="127.0.0.1")
print("listening on", port.getHost().port, flush=True)
reactor.run()
