"""Twisted's SOCKS 4 and 4a server.

    python3 twisted_socks.py

Prints its port.
"""

from twisted.internet import reactor
from twisted.protocols import socks

port = reactor.listenTCP(0, socks.SOCKSv4Factory(None), interface="127.0.0.1")
print("listening on", port.getHost().port, flush=True)
reactor.run()
