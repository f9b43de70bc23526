"""
Twisted's ident server and client. Their protocols work with text and were not ported to bytes, so
the two subclasses here encode and decode the lines, and change nothing else.

    python3 twisted_ident.py serve           prints the port, and names the user "ada"
    python3 twisted_ident.py ask PORT A B…   prints the answer for the port A and each port B
"""

import sys

from twisted.internet import defer, endpoints, protocol, task
from twisted.protocols import ident


class Server(ident.IdentServer):
    delimiter = b"\r\n"

    def lineReceived(self, line):
        super().lineReceived(line.decode("ascii"))

    def sendLine(self, line):
        super().sendLine(line.encode("ascii"))

    def lookup(self, serverAddress, clientAddress):
        errors = {1: ident.NoUser, 2: ident.HiddenUser, 3: ident.IdentError}
        if clientAddress[1] in errors:
            raise errors[clientAddress[1]]()
        return "UNIX", "ada"


class Client(ident.IdentClient):
    delimiter = b"\r\n"

    def lineReceived(self, line):
        super().lineReceived(line.decode("ascii"))

    def sendLine(self, line):
        super().sendLine(line.encode("ascii"))


async def serve(reactor):
    endpoint = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1")
    port = await endpoint.listen(protocol.Factory.forProtocol(Server))
    print("listening on", port.getHost().port, flush=True)
    await defer.Deferred()


async def ask(reactor, port, port_on_server, *ports_on_client):
    endpoint = endpoints.clientFromString(reactor, f"tcp:127.0.0.1:{port}")
    client = await endpoints.connectProtocol(endpoint, Client())
    # Queued at once: the client sends a query twice that a callback of the one before makes.
    answers = [client.lookup(int(port_on_server), int(port)) for port in ports_on_client]
    for answer in answers:
        try:
            print(*await answer)
        except ident.IdentError as error:
            print(type(error).__name__)


task.react(
    lambda reactor, command, *args: defer.ensureDeferred(
        {"serve": serve, "ask": ask}[command](reactor, *args)
    ),
    sys.argv[1:],
)
