"""Twisted's side of the AMP tests: the commands of interop/amp_commands.ts, as server or as client.

    python3 twisted_amp.py server FOLDER
    python3 twisted_amp.py client FOLDER PORT

FOLDER has server.pem, server.key, client.pem, client.key and roots/ca.pem. The server prints its
port. Each line of the client is the outcome of one call.
"""

import datetime
import decimal
import sys

from twisted.internet import defer, endpoints, protocol, reactor, ssl
from twisted.protocols import amp, basic


class Refused(Exception):
    """An error that the command defines."""


class Fatal(Exception):
    """An error that closes the connection."""


class Sum(amp.Command):
    arguments = [(b"a", amp.Integer()), (b"b", amp.Integer())]
    response = [(b"total", amp.Integer())]


TYPES = [
    (b"integer", amp.Integer()),
    (b"huge", amp.Integer()),
    (b"real", amp.Float()),
    (b"flag", amp.Boolean()),
    (b"data", amp.String()),
    (b"text", amp.Unicode()),
    (b"money", amp.Decimal()),
    (b"time", amp.DateTime()),
    (b"numbers", amp.ListOf(amp.Integer())),
    (b"texts", amp.ListOf(amp.ListOf(amp.Unicode()))),
    (b"users", amp.AmpList([(b"name", amp.Unicode()), (b"age", amp.Integer(optional=True))])),
    (b"absent", amp.Integer(optional=True)),
    (b"with-dash", amp.Unicode(optional=True)),
]


class Same(amp.Command):
    """Returns its arguments."""

    arguments = TYPES
    response = TYPES


class Fail(amp.Command):
    arguments = [(b"how", amp.Unicode())]
    errors = {Refused: b"REFUSED"}
    fatalErrors = {Fatal: b"FATAL"}


class Missing(amp.Command):
    """A command without a responder."""


class Note(amp.Command):
    arguments = [(b"text", amp.Unicode())]
    requiresAnswer = False


class Notes(amp.Command):
    response = [(b"texts", amp.ListOf(amp.Unicode()))]


class Secured(amp.Command):
    response = [(b"peer", amp.Unicode(optional=True))]


class Switch(amp.ProtocolSwitchCommand):
    arguments = [(b"greeting", amp.Unicode())]
    errors = {Refused: b"REFUSED"}


class Shout(basic.LineReceiver):
    """The protocol of both sides after a switch."""

    delimiter = b"\n"

    def __init__(self, greeting=None):
        self.greeting = greeting
        self.line = defer.Deferred()

    def connectionMade(self):
        if self.greeting is not None:
            self.sendLine(self.greeting.encode())

    def lineReceived(self, line):
        if self.greeting is None:
            self.sendLine(line.upper())
        else:
            self.line.callback(line.decode())


folder = sys.argv[2]


def read(name):
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()


def identity(name):
    return ssl.PrivateCertificate.loadPEM(read(f"{name}.key") + b"\n" + read(f"{name}.pem"))


authority = ssl.Certificate.loadPEM(read("roots/ca.pem"))


class Server(amp.AMP):
    def __init__(self):
        super().__init__()
        self.notes = []

    @Sum.responder
    def sum(self, a, b):
        return {"total": a + b}

    @Same.responder
    def same(self, **values):
        return values

    @Fail.responder
    def fail(self, how):
        raise {"refused": Refused, "fatal": Fatal}.get(how, ValueError)(how)

    @Note.responder
    def note(self, text):
        self.notes.append(text)
        return {}

    @Notes.responder
    def getNotes(self):
        return {"texts": self.notes}

    @Secured.responder
    def secured(self):
        certificate = self.peerCertificate
        return {"peer": certificate.getSubject().commonName.decode()}

    @amp.StartTLS.responder
    def startTLS(self):
        return {"tls_localCertificate": identity("server"), "tls_verifyAuthorities": [authority]}

    @Switch.responder
    def switch(self, greeting):
        if greeting == "no":
            raise Refused(greeting)
        return Shout()

    def amp_RAW(self, box):
        return amp.Box({b"got": b",".join(sorted(box))})


# The names of the arguments are those of Python: a dash is an underscore.
VALUES = {
    "integer": -42,
    "huge": 10**40,
    "real": 1e-7,
    "flag": True,
    "data": bytes(range(256)),
    "text": "Grüße ☃",
    "money": decimal.Decimal("1.50"),
    "time": datetime.datetime(2012, 1, 23, 12, 34, 56, 54321, amp._FixedOffsetTZInfo(datetime.timedelta(hours=1))),
    "numbers": [3, 7, 9, 15],
    "texts": [["a", "☃"], []],
    "users": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": None}],
    "absent": None,
    "with_dash": "-",
}


async def outcome(call):
    try:
        return repr(await call)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


async def client(port):
    endpoint = endpoints.clientFromString(reactor, f"tcp:127.0.0.1:{port}")

    def connect():
        return endpoints.connectProtocol(endpoint, amp.AMP())

    p = await connect()
    print("sum", await outcome(p.callRemote(Sum, a=13, b=81)))
    same = await p.callRemote(Same, **VALUES)
    print("same", {k: v for k, v in same.items() if v != VALUES[k]} or "yes")
    print("refused", await outcome(p.callRemote(Fail, how="refused")))
    print("missing", await outcome(p.callRemote(Missing)))
    p.callRemote(Note, text="one")
    p.callRemote(Note, text="two")
    print("notes", await outcome(p.callRemote(Notes)))
    raw = await p.callRemoteString(b"raw", b=b"1")
    print("raw", raw[b"got"].decode())
    print("no switch", await outcome(p.callRemote(Switch, protocol.ClientFactory.forProtocol(Shout), greeting="no")))
    shout = Shout("hello")
    factory = protocol.ClientFactory()
    factory.buildProtocol = lambda addr: shout
    print("switch", await outcome(p.callRemote(Switch, factory, greeting="yes")), await shout.line)
    p.transport.loseConnection()
    for how in ["fatal", "unknown"]:
        p = await connect()
        print(how, await outcome(p.callRemote(Fail, how=how)))
        print("then", await outcome(p.callRemote(Sum, a=1, b=2)))
    p = await connect()
    print("tls", await outcome(
        p.callRemote(amp.StartTLS, tls_localCertificate=identity("client"), tls_verifyAuthorities=[authority])
    ))
    print("secured", await outcome(p.callRemote(Secured)), p.peerCertificate.getSubject().commonName.decode())
    p.transport.loseConnection()


def listening(port):
    print("listening on", port.getHost().port, flush=True)


if sys.argv[1] == "server":
    endpoint = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1")
    endpoint.listen(protocol.Factory.forProtocol(Server)).addCallback(listening)
else:
    done = defer.ensureDeferred(client(sys.argv[3]))
    done.addErrback(lambda failure: failure.printTraceback(file=sys.stdout))
    done.addBoth(lambda _: reactor.stop())
reactor.run()
