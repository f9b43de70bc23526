// What the driver does when the system refuses: with a C library that fails at chosen calls. Each
// test asserts how many calls were intercepted, that no descriptor was used after it was closed,
// and that none stayed open.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { transferTests } from "../../../testing/conformance/stream_transfer.ts";
import { tcpTransport } from "../../../testing/conformance/tcp_transport.ts";
import {
  type Fault,
  type Faults,
  type FaultyFunction,
  FaultyLibrary,
} from "../../../testing/fixtures/faulty_libc.ts";
import { freePath } from "../../../testing/conformance/unix_transport.ts";
import { pollCalls, turns, untilIdle } from "../../../testing/fixtures/idle_poller.ts";
import { type TCPFixture, tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { udpTest } from "../../../testing/fixtures/udp_fixture.ts";
import { Wire, Wires } from "../../../testing/fixtures/wire.ts";
import { ForeignSocket, isOpen } from "../../../testing/peers/foreign_socket.ts";
import { DatagramProtocol } from "../../../protocol/mod.ts";
import { EventLoggingObserver } from "../../../testing/event_logging_observer.ts";
import { CannotListenError, ConnectError, ConnectionLost } from "../../errors.ts";
import { unixTransport } from "../../stream/unix_transport.ts";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_FASTOPEN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from "./constants.ts";
import { EpollReactor } from "./reactor.ts";

// Error numbers of Linux: errno(3).
const [EINTR, EAGAIN, ENOMEM, ENFILE, EMFILE, ENOSPC, EPIPE] = [4, 11, 12, 23, 24, 28, 32];
const [ENOTCONN, ECONNABORTED, ECONNRESET, ENOBUFS] = [107, 103, 104, 105];
const ETOOMANYREFS = 109;
const MANY = 1_000_000;

const library = FaultyLibrary.compile();
if (library !== null) testsWith(library);

function testsWith(library: FaultyLibrary): void {
  const makeReactor = () => new EpollReactor({ library: library.path });

  /** Defines a test with faults, and checks the descriptors after it. */
  const faultTest = (claim: string, f: (fixture: TCPFixture, faults: Faults) => Promise<void>) => {
    const definition = (faults: Faults) =>
      tcpTest("EpollReactor", makeReactor)(claim, (fixture) => f(fixture, faults));
    Deno.test(`EpollReactor ${claim}`, async (context) => {
      using faults = library.open();
      await definition(faults).fn(context);
    });
  };

  /** Echoes a text through the library, with faults at both ends' calls. */
  const echo = async (fixture: TCPFixture) => {
    const server = new Wires({
      dataReceived: (wire, data) => void wire.transport.write(data),
    });
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    await peer.send("the quick brown fox");
    assertEquals(await peer.readText(19), "the quick brown fox");
    peer.close();
    await (await server.wire()).lost();
  };

  const harmless: [FaultyFunction, Fault][] = [
    ["recv", { errno: EAGAIN, times: 3 }],
    ["recv", { errno: EINTR, times: 3 }],
    ["recv", { atMost: 1, times: 10 }],
    ["send", { errno: EINTR, times: 3 }],
    ["send", { errno: EAGAIN, times: 3 }],
    ["send", { errno: ENOBUFS, times: 3 }],
    ["send", { atMost: 1, times: 3 }],
    ["accept4", { errno: EINTR, times: 2 }],
    ["accept4", { errno: EAGAIN, times: 2 }],
    ["accept4", { errno: ECONNABORTED, times: 2 }],
    ["epoll_wait", { errno: EINTR, times: 2 }],
  ];
  for (const [name, fault] of harmless) {
    const what = fault.atMost === undefined ? `errno ${fault.errno}` : `${fault.atMost} byte`;
    faultTest(`continues after ${name} with ${what}`, async (fixture, faults) => {
      faults.plan(name, fault);
      await echo(fixture);
      assertEquals(faults.hits(name), fault.times);
    });
  }

  faultTest("continues after a signal in the thread that waits", async (fixture, faults) => {
    const server = new Wires({ dataReceived: (wire, data) => void wire.transport.write(data) });
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    await server.wire();
    await untilIdle(faults);
    // The thread waits already, or is about to: this wait or the next one is interrupted.
    faults.plan("epoll_wait", { errno: EINTR });
    for (const text of ["a", "b"]) {
      await peer.send(text);
      assertEquals(await peer.readText(1), text);
      await untilIdle(faults);
    }
    assertEquals(faults.hits("epoll_wait"), 1);
  });

  faultTest("retries if the system cannot wait, and logs it once", async (fixture, faults) => {
    faults.plan("epoll_wait", { errno: ENOMEM, times: 2 });
    await echo(fixture);
    assertEquals(faults.hits("epoll_wait"), 2);
    const messages = fixture.errors.take().map(({ message }) => message);
    assertEquals(messages, ["Cannot allocate memory (ENOMEM)"]);
  });

  for (
    const [name, errno, code] of [
      ["recv", ECONNRESET, "ECONNRESET"],
      ["send", EPIPE, "EPIPE"],
      ["send", ECONNRESET, "ECONNRESET"],
      ["epoll_ctl", ENOSPC, "ENOSPC"],
    ] as const
  ) {
    faultTest(`loses the connection after ${name} with ${code}`, async (fixture, faults) => {
      const server = new Wires({
        connectionMade: () => faults.plan(name, { errno }),
        dataReceived: (wire, data) => void wire.transport.write(data),
      });
      const port = fixture.listen(server);
      fixture.run();
      const peer = await fixture.rawConnect(port.port);
      await peer.send("x");
      const reason = await (await server.wire()).lost();
      assertInstanceOf(reason, ConnectionLost);
      assertEquals(reason.code, code);
      assertEquals(faults.hits(name), 1);
      await peer.ending();
    });
  }

  faultTest("loses the connection if its side cannot be closed", async (fixture, faults) => {
    faults.plan("shutdown", { errno: ENOTCONN });
    const server = new Wires({ connectionMade: (wire) => wire.transport.loseWriteConnection() });
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    const reason = await (await server.wire()).lost();
    assertInstanceOf(reason, ConnectionLost);
    assertEquals([reason.code, reason.syscall], ["ENOTCONN", "shutdown"]);
    assertEquals(faults.hits("shutdown"), 1);
    await peer.ending();
  });

  for (const [errno, code] of [[EMFILE, "EMFILE"], [ENFILE, "ENFILE"], [ENOBUFS, "ENOBUFS"]]) {
    faultTest(`pauses accepting after accept4 with ${code}`, async (fixture, faults) => {
      using log = EventLoggingObserver.createWithCleanup();
      faults.plan("accept4", { errno: Number(errno) });
      await echo(fixture);
      assertEquals(faults.hits("accept4"), 1);
      fixture.errors.take();
      assertMatch(log.texts.join("\n"), /so accepting is paused/);
    });
  }

  for (const name of ["socket", "bind", "listen", "setsockopt", "getsockname"] as const) {
    faultTest(
      `listenTCP() throws CannotListenError after a failed ${name}`,
      async (fixture, faults) => {
        faults.plan(name, { errno: ENOMEM });
        const error = assertThrows(() => fixture.listen(new Wires()), CannotListenError);
        assertEquals([error.code, faults.hits(name)], ["ENOMEM", 1]);
        await fixture.listen(new Wires()).stopListening();
      },
    );
  }

  for (const name of ["socket", "bind", "listen", "fcntl", "getsockname"] as const) {
    faultTest(
      `openListeningSocket() throws CannotListenError after a failed ${name}`,
      async (fixture, faults) => {
        faults.plan(name, { errno: ENOMEM });
        const reactor = makeReactor();
        const open = () => reactor.openListeningSocket(0, { interface: "127.0.0.1" });
        const error = assertThrows(open, CannotListenError);
        assertEquals([error.code, faults.hits(name)], ["ENOMEM", 1]);
        open().close();
        await fixture.listen(new Wires()).stopListening();
      },
    );
  }

  for (const name of ["epoll_create1", "eventfd", "timerfd_create", "epoll_ctl"] as const) {
    faultTest(
      `listenTCP() throws CannotListenError without a poller: ${name}`,
      async (fixture, faults) => {
        faults.plan(name, { errno: EMFILE });
        const error = assertThrows(() => fixture.listen(new Wires()), CannotListenError);
        assertEquals([error.code, faults.hits(name)], ["EMFILE", 1]);
        await fixture.listen(new Wires()).stopListening();
      },
    );
  }

  for (const [name, skip] of [["socket", 0], ["connect", 0], ["epoll_ctl", 2]] as const) {
    faultTest(`connectTCP() fails with the code of a failed ${name}`, async (fixture, faults) => {
      const times = name === "connect" ? 2 : 1;
      faults.plan(name, { errno: ENOMEM, skip, times });
      const factory = new Wires();
      fixture.reactor.connectTCP("127.0.0.1", 9, factory);
      fixture.run();
      await factory.called("failed");
      const [reason] = factory.reasons;
      assertInstanceOf(reason, ConnectError);
      assertEquals([reason.code, faults.hits(name)], ["ENOMEM", times]);
    });
  }

  faultTest(
    "listenUDP() throws CannotListenError after a failed getsockname",
    async (fixture, faults) => {
      faults.plan("getsockname", { errno: ENOBUFS });
      const listen = () =>
        fixture.reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
      const error = assertThrows(listen, CannotListenError);
      assertEquals([error.code, faults.hits("getsockname")], ["ENOBUFS", 1]);
      await listen().stopListening();
    },
  );

  faultTest("connectUNIX() fails if its own address is unknown", async (fixture, faults) => {
    const name = `\0torsion-${crypto.randomUUID()}`;
    fixture.reactor.listenUNIX(name, new Wires());
    faults.plan("getsockname", { errno: ENOBUFS });
    const factory = new Wires();
    fixture.reactor.connectUNIX(name, factory);
    fixture.run();
    await factory.called("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, ConnectError);
    assertEquals([reason.code, faults.hits("getsockname")], ["ENOBUFS", 1]);
  });

  for (const name of ["fcntl", "setsockopt", "getsockname"] as const) {
    faultTest(
      `adoptStreamPort() closes its descriptor after a failed ${name}`,
      (fixture, faults) => {
        using socket = ForeignSocket.listenIPv4();
        const descriptor = socket.copy();
        // The first call of fcntl() only reads the flags of the descriptor.
        faults.plan(name, { errno: ENOMEM });
        const error = assertThrows(
          () => fixture.reactor.adoptStreamPort(descriptor, "INET", new Wires(), { keepAlive: 60 }),
          CannotListenError,
          "Cannot allocate memory (ENOMEM)",
        );
        assertEquals([error.name, faults.hits(name)], ["CannotListenError", 1]);
        assert(!isOpen(descriptor));
        return Promise.resolve();
      },
    );
  }

  faultTest("closes a connection whose own address is unknown", async (fixture, faults) => {
    const server = new Wires();
    const port = fixture.listen(server, { interface: "0.0.0.0" });
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    const wire = await server.wire();
    faults.plan("getsockname", { errno: ENOBUFS });
    wire.transport.loseConnection();
    await wire.lost();
    assertEquals(faults.hits("getsockname"), 1);
    assertEquals(String(wire.transport.getHost()), "0.0.0.0:0");
    assertEquals(await peer.ending(), "end");
  });

  faultTest("run() rejects if the poller cannot be opened", async (_fixture, faults) => {
    faults.plan("epoll_create1", { errno: EMFILE });
    const reactor = makeReactor();
    await assertRejects(() => reactor.run(), Error, "Too many open files (EMFILE)");
    assertEquals(faults.hits("epoll_create1"), 1);
  });

  for (
    const [event, errno] of [
      ["a signal interrupts the call", EINTR],
      ["errno is changed after the call", EAGAIN],
    ] as const
  ) {
    faultTest(`connectTCP() waits for the connection if ${event}`, async (fixture, faults) => {
      const listener = fixture.rawListen();
      faults.plan("connect", { errno });
      const factory = new Wires();
      fixture.reactor.connectTCP("127.0.0.1", listener.addr.port, factory);
      fixture.run();
      await factory.wire();
      assertEquals(faults.hits("connect"), 1);
    });
  }

  /** Returns a client, and a server that keeps the descriptors it receives. */
  const descriptorEnds = async (fixture: TCPFixture) => {
    const received: number[] = [];
    const server = Object.assign(new Wire(), {
      fileDescriptorReceived: (fileDescriptor: number) => void received.push(fileDescriptor),
    });
    const name = `\0torsion-${crypto.randomUUID()}`;
    fixture.reactor.listenUNIX(name, new Wires(() => server));
    const clients = new Wires();
    fixture.reactor.connectUNIX(name, clients);
    fixture.run();
    const client = await clients.wire();
    await server.seen("made");
    const transport = unixTransport(client.transport);
    assert(transport !== null);
    return { server, client, transport, received };
  };

  for (
    const [name, errno] of [
      ["sendmsg", EAGAIN],
      ["sendmsg", ENOBUFS],
      ["sendmsg", EINTR],
      ["recvmsg", EAGAIN],
      ["recvmsg", EINTR],
    ] as const
  ) {
    faultTest(
      `sends each descriptor once after ${name} with errno ${errno}`,
      async (fixture, faults) => {
        const { server, transport, received } = await descriptorEnds(fixture);
        faults.plan(name, { errno, times: 2, every: 2 });
        using socket = ForeignSocket.listenIPv4();
        for (let i = 0; i < 5; i++) {
          transport.sendFileDescriptor(socket.descriptor);
          transport.write("x");
          // Without this wait, one message has all of the bytes that follow a descriptor.
          await server.has(i + 1);
        }
        assertEquals([received.length, faults.hits(name)], [5, 2]);
        received.forEach((descriptor) => faults.close(descriptor));
      },
    );
  }

  for (
    const [name, errno, code] of [
      ["sendmsg", EPIPE, "EPIPE"],
      ["sendmsg", ETOOMANYREFS, "ETOOMANYREFS"],
      ["recvmsg", ECONNRESET, "ECONNRESET"],
    ] as const
  ) {
    faultTest(
      `closes its copies of descriptors after ${name} with ${code}`,
      async (fixture, faults) => {
        const { server, client, transport } = await descriptorEnds(fixture);
        faults.plan(name, { errno });
        using socket = ForeignSocket.listenIPv4();
        for (let i = 0; i < 3; i++) transport.sendFileDescriptor(socket.descriptor);
        transport.write("xyz");
        const reason = await (name === "sendmsg" ? client : server).lost();
        assertInstanceOf(reason, ConnectionLost);
        assertEquals([reason.code, faults.hits(name)], [code, 1]);
        await Promise.all([client.lost(), server.lost()]);
      },
    );
  }

  faultTest("closes the copies of an aborted connection", async (fixture, faults) => {
    const { client, server, transport, received } = await descriptorEnds(fixture);
    faults.plan("sendmsg", { errno: EAGAIN, times: MANY });
    using socket = ForeignSocket.listenIPv4();
    for (let i = 0; i < 3; i++) transport.sendFileDescriptor(socket.descriptor);
    transport.write("xyz");
    await turns(10);
    assert(faults.hits("sendmsg") > 0);
    transport.abortConnection();
    await Promise.all([client.lost(), server.lost()]);
    assertEquals(received, []);
  });

  faultTest("sendFileDescriptor() throws if no descriptor is free", async (fixture, faults) => {
    const { transport } = await descriptorEnds(fixture);
    using socket = ForeignSocket.listenIPv4();
    faults.plan("fcntl", { errno: EMFILE });
    assertThrows(
      () => transport.sendFileDescriptor(socket.descriptor),
      Error,
      "Too many open files",
    );
    assertEquals(faults.hits("fcntl"), 1);
  });

  faultTest(
    "loses the connection, and closes what it has, if not all descriptors are received",
    async (fixture, faults) => {
      const received: number[] = [];
      const server = Object.assign(new Wire(), {
        fileDescriptorReceived: (fileDescriptor: number) => void received.push(fileDescriptor),
      });
      const path = freePath(fixture);
      fixture.reactor.listenUNIX(path, new Wires(() => server));
      fixture.run();
      using peer = ForeignSocket.connectUNIX(path);
      await server.seen("made");
      faults.plan("recvmsg", { atMost: 2 });
      peer.sendDescriptors([peer.descriptor, peer.descriptor, peer.descriptor]);
      const reason = await server.lost();
      assertInstanceOf(reason, ConnectionLost);
      assertEquals([reason.code, received, faults.hits("recvmsg")], ["EMFILE", [], 1]);
    },
  );

  faultTest("makes no call while it is idle, and few for a message", async (fixture, faults) => {
    const server = new Wires({ dataReceived: (wire, data) => void wire.transport.write(data) });
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    await server.wire();
    const counted = ["recv", "send", "epoll_ctl"] as const;
    const before = counted.map((name) => faults.calls(name));
    for (let i = 0; i < 100; i++) {
      await peer.send("x");
      await peer.readText(1);
    }
    await untilIdle(faults);
    const idle = pollCalls(faults);
    await turns(100);
    assertEquals(pollCalls(faults), idle);
    assertEquals(
      counted.map((name, i) => faults.calls(name) - (before[i] ?? 0)),
      [100, 100, 0],
    );
  });

  /** Exchanges a byte between two ends of the reactor until a condition holds. */
  const exchangeUntil = async (fixture: TCPFixture, isDone: () => boolean) => {
    const dataReceived = ({ transport }: Wire, data: Uint8Array) =>
      isDone() ? transport.loseConnection() : transport.write(data);
    const server = new Wires({ dataReceived });
    const port = fixture.listen(server);
    const connectionMade = (wire: Wire) => wire.transport.write("x");
    const client = new Wires({ connectionMade, dataReceived });
    fixture.reactor.connectTCP("127.0.0.1", port.port, client);
    fixture.run();
    // No event of either end is left.
    await Promise.all([client, server].map(async (ends) => (await ends.wire()).lost()));
  };

  faultTest("stops its timer while it is idle", async (fixture, faults) => {
    await exchangeUntil(fixture, () => faults.calls("timerfd_settime") > 0);
    await untilIdle(faults);
    assertEquals(faults.calls("timerfd_settime") % 2, 0);
  });

  faultTest("continues without naps if its timer cannot be set", async (fixture, faults) => {
    faults.plan("timerfd_settime", { errno: ENOMEM, times: 3 });
    await exchangeUntil(fixture, () => faults.hits("timerfd_settime") === 3);
  });

  faultTest("makes no call while a full port has a waiting client", async (fixture, faults) => {
    const server = new Wires({ connectionMade: (wire) => wire.transport.write("hello") });
    const port = fixture.listen(server, { maxConnections: 1, overflow: "pause" });
    fixture.run();
    await fixture.rawConnect(port.port);
    const wire = await server.wire();
    const waiting = await fixture.rawConnect(port.port);
    await turns(200);
    const idle = pollCalls(faults);
    await turns(100);
    assertEquals(pollCalls(faults), idle);
    wire.transport.loseConnection();
    assertEquals(await waiting.readText(5), "hello");
  });

  for (const ending of ["sends", "closes", "resets"] as const) {
    faultTest(
      `does not spin while it is paused and the peer ${ending}`,
      async (fixture, faults) => {
        // It pauses when it is in the set of the system already.
        const server = new Wires({
          dataReceived: (wire) => wire.size === 1 && wire.transport.pauseProducing(),
        });
        const port = fixture.listen(server);
        fixture.run();
        const peer = await fixture.rawConnect(port.port);
        const wire = await server.wire();
        await peer.send("x");
        await wire.has(1);
        await peer.send("y");
        if (ending === "closes") peer.close();
        if (ending === "resets") {
          // Unread data makes the system reset the connection.
          wire.transport.write("unread");
          await turns(10);
          peer.close();
        }
        await turns(200);
        const idle = pollCalls(faults);
        await turns(200);
        // On a slow machine, the thread begins to wait only now. A poller that spins waits in
        // nearly each turn.
        assert(pollCalls(faults) - idle < 50, `${pollCalls(faults) - idle} waits in 200 turns`);
        wire.transport.resumeProducing();
        if (ending !== "resets") await wire.has(2);
        if (ending !== "sends") await wire.lost();
      },
    );
  }

  Deno.test("EpollReactor sets every option of its sockets, once for all connections", async () => {
    using faults = library.open();
    const reactor = makeReactor();
    const options = {
      keepAlive: 60,
      keepAliveInterval: 10,
      keepAliveCount: 3,
      userTimeout: 20,
      receiveBufferSize: 50_000,
      sendBufferSize: 60_000,
      reusePort: true,
      fastOpen: 5,
    };
    const port = reactor.listenTCP(0, new Wires(), { interface: "127.0.0.1", ...options });
    // Two sockets with `reusePort` share the address.
    const { port: number } = port.getHost();
    const second = reactor.listenTCP(number, new Wires(), { interface: "127.0.0.1", ...options });
    const settings: [number, number, number][] = [
      [SOL_SOCKET, SO_KEEPALIVE, 1],
      [IPPROTO_TCP, TCP_KEEPIDLE, 60],
      [IPPROTO_TCP, TCP_KEEPINTVL, 10],
      [IPPROTO_TCP, TCP_KEEPCNT, 3],
      [IPPROTO_TCP, TCP_USER_TIMEOUT, 20_000],
      [SOL_SOCKET, SO_RCVBUF, 50_000],
      [SOL_SOCKET, SO_SNDBUF, 60_000],
      [SOL_SOCKET, SO_REUSEPORT, 1],
      [IPPROTO_TCP, TCP_FASTOPEN, 5],
    ];
    for (const [level, name, value] of settings) {
      assertEquals(faults.option(level, name), value, `option ${name} of level ${level}`);
    }
    await Promise.all([port.stopListening(), second.stopListening()]);
  });

  // Everything arrives in order, whatever the calls move and however often they fail.
  const faults = library.open();
  let isPlanned = false;
  transferTests({
    ...tcpTransport("EpollReactor with short and failing calls", () => {
      if (!isPlanned) {
        isPlanned = true;
        faults.plan("recv", { atMost: 5000, times: MANY });
        faults.plan("send", { errno: EAGAIN, times: MANY, every: 3 });
      }
      return makeReactor();
    }),
  });

  Deno.test("EpollReactor with short and failing calls was not spared", () => {
    assert(faults.hits("recv") > 100 && faults.hits("send") > 100);
    faults.plan("recv", { times: 0 });
    faults.plan("send", { times: 0 });
    faults.check();
  });

  const udp = udpTest("EpollReactor", makeReactor);
  Deno.test("EpollReactor keeps a datagram that waits right after another", async (context) => {
    using faults = library.open();
    await udp("sends every datagram if every second call must wait", async (fixture) => {
      const sender = fixture.listen();
      const { protocol, port } = fixture.listen();
      fixture.run();
      faults.plan("sendto", { errno: EAGAIN, times: 3, every: 2 });
      const texts = ["one", "two", "three", "four"];
      for (const text of texts) sender.transport.write(text, { host: "127.0.0.1", port });
      await protocol.received(4);
      assertEquals(protocol.events, ["started", ...texts.map((text) => `received ${text}`)]);
      assertEquals(faults.hits("sendto"), 3);
    }).fn(context);
  });

  for (
    const [name, fault] of [
      ["sendto", { errno: EAGAIN, times: 2 }],
      ["sendto", { errno: ENOBUFS, times: 2 }],
      ["sendto", { errno: EINTR, times: 1 }],
      ["recvfrom", { errno: EAGAIN, times: 2 }],
      ["recvfrom", { errno: EINTR, times: 2 }],
    ] as const
  ) {
    const claim = `delivers datagrams after ${name} with errno ${fault.errno}`;
    Deno.test(`EpollReactor ${claim}`, async (context) => {
      using faults = library.open();
      await udp(claim, async (fixture) => {
        const sender = fixture.listen();
        const { protocol, port } = fixture.listen();
        fixture.run();
        faults.plan(name, fault);
        sender.transport.write("one", { host: "127.0.0.1", port });
        sender.transport.write("two", { host: "127.0.0.1", port });
        await protocol.received(2);
        assertEquals(protocol.events, ["started", "received one", "received two"]);
        assertEquals(faults.hits(name), fault.times);
      }).fn(context);
    });
  }
}
