/**
 * How TCP connections end, with raw peers at the other end.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionAborted, ConnectionDone, ConnectionLost, LingerTimeout } from "../errors.ts";
import type { IReactor, ListenTCPOptions } from "../interfaces.ts";
import { pattern, type RawPeer, same } from "./raw_peer.ts";
import { type TcpBed, tcpTest } from "./tcp_bed.ts";
import { HalfCloseableWire, type Wire, type WireBehaviour, Wires } from "./wire.ts";

const MEGABYTE = 1 << 20;

async function accepted(
  bed: TcpBed,
  behaviour: WireBehaviour | (() => Wire) = {},
  options: ListenTCPOptions = {},
): Promise<{ peer: RawPeer; wire: Wire }> {
  const factory = new Wires(behaviour);
  const port = bed.listen(factory, options);
  bed.run();
  const peer = await bed.rawConnect(port.port);
  return { peer, wire: await factory.wire() };
}

/** The tests of how connections end. */
export function endingTests(name: string, makeReactor: () => IReactor): void {
  const test = tcpTest(name, makeReactor);
  const echo: WireBehaviour = { dataReceived: (wire, data) => wire.transport.write(data) };

  test("The peer closes: ConnectionDone, after all that it sent", async (bed) => {
    const { peer, wire } = await accepted(bed);
    const all = pattern(MEGABYTE);
    await peer.send(all);
    peer.close();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.size, all.length);
    assertEquals(wire.events.at(-1), "lost");
  });

  test("The peer resets: ConnectionLost with code, syscall, address and cause", async (bed) => {
    const factory = new Wires();
    const port = bed.listen(factory);
    bed.run();
    const socket = await bed.nodeConnect(port.port);
    const wire = await factory.wire();
    const peer = String(wire.transport.getPeer());
    socket.resetAndDestroy();
    const reason = await wire.lost();
    assertInstanceOf(reason, ConnectionLost);
    assert(!(reason instanceof ConnectionAborted));
    assertEquals([reason.code, reason.syscall, reason.address], ["ECONNRESET", "read", peer]);
    assertInstanceOf(reason.cause, Error);
    assertEquals(wire.events, ["made", "lost"]);
  });

  test("loseConnection() sends all that was written, however much, then closes", async (bed) => {
    const all = pattern(16 * MEGABYTE);
    const { peer, wire } = await accepted(bed);
    wire.transport.write(all);
    wire.transport.loseConnection();
    assert(wire.transport.disconnecting);
    assert(same(await peer.readAll(), all));
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assert(!wire.transport.disconnecting);
  });

  test("A write after loseConnection() goes out while the connection is open; one after its loss does nothing", async (bed) => {
    const { peer, wire } = await accepted(bed);
    wire.transport.write("one ");
    wire.transport.loseConnection();
    wire.transport.write("two");
    assertEquals(new TextDecoder().decode(await peer.readAll()), "one two");
    await wire.lost();
    wire.transport.write("three");
    wire.transport.writeSequence(["four"]);
    wire.transport.loseConnection();
    wire.transport.abortConnection();
    assertEquals(wire.events, ["made", "lost"]);
  });

  test("A peer that sends and shuts down its writing side, as `nc -N` does, gets all of the echo", async (bed) => {
    const all = pattern(8 * MEGABYTE);
    const { peer, wire } = await accepted(bed, echo);
    const sending = peer.send(all).then(() => (peer.conn as Deno.TcpConn).closeWrite());
    assert(same(await peer.readAll(), all));
    await sending;
    assertInstanceOf(await wire.lost(), ConnectionDone);
  });

  test("A peer that sends, shuts down its writing side and reads only then gets all of the echo", async (bed) => {
    const all = pattern(MEGABYTE);
    const { peer, wire } = await accepted(bed, echo);
    await peer.send(all);
    await peer.conn.closeWrite();
    await wire.has(all.length);
    assert(same(await peer.readAll(), all));
    assertInstanceOf(await wire.lost(), ConnectionDone);
  });

  test("loseWriteConnection(): the peer sees the end, and what it sends still comes", async (bed) => {
    const { peer, wire } = await accepted(bed);
    wire.transport.write("over");
    wire.transport.loseWriteConnection();
    wire.transport.loseWriteConnection();
    assertEquals(new TextDecoder().decode(await peer.readAll()), "over");
    await peer.send("and out");
    await wire.has(7);
    wire.transport.write("too late");
    assert(wire.transport.connected);
    peer.close();
    assertInstanceOf(await wire.lost(), ConnectionDone);
  });

  test("A half-closeable protocol is told of each end, and may answer after its peer's", async (bed) => {
    const { peer, wire } = await accepted(bed, () => new HalfCloseableWire());
    await peer.send("question");
    await peer.conn.closeWrite();
    await wire.seen("read lost");
    assert(wire.transport.connected && !wire.transport.disconnecting);
    wire.transport.write("answer");
    wire.transport.loseWriteConnection();
    assertEquals(new TextDecoder().decode(await peer.readAll()), "answer");
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.events, ["made", "data", "read lost", "write lost", "lost"]);
  });

  test("A half-closeable protocol that closes its writing side first", async (bed) => {
    const { peer, wire } = await accepted(bed, () => new HalfCloseableWire());
    wire.transport.loseWriteConnection();
    await wire.seen("write lost");
    assertEquals(await peer.ending(), "end");
    await peer.send("still talking");
    peer.close();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.text, "still talking");
    assertEquals(wire.events.slice(-2), ["read lost", "lost"]);
  });

  test("loseWriteConnection() on a connection that the peer has just reset loses it, and throws nothing", async (bed) => {
    const factory = new Wires(() => new HalfCloseableWire());
    const port = bed.listen(factory);
    bed.run();
    const socket = await bed.nodeConnect(port.port);
    const wire = await factory.wire();
    socket.resetAndDestroy();
    wire.transport.loseWriteConnection();
    assertInstanceOf(await wire.lost(), ConnectionLost);
  });

  test("abortConnection() throws away what is unsent: ConnectionAborted, and the peer's stream breaks off", async (bed) => {
    const { peer, wire } = await accepted(bed);
    wire.transport.write(new Uint8Array(64 * MEGABYTE));
    wire.transport.abortConnection();
    assertEquals(wire.events, ["made"]); // not within the call
    const reason = await wire.lost();
    assertInstanceOf(reason, ConnectionAborted);
    const ending = await peer.ending();
    assert(ending === "end" || ending === "ECONNRESET", ending);
  });

  test("abortConnection() while a write is under way to a peer that does not read", async (bed) => {
    const { peer, wire } = await accepted(bed);
    wire.transport.write(new Uint8Array(64 * MEGABYTE));
    // The peer has one byte: the write has begun, and the rest of it cannot end.
    await peer.read(1);
    wire.transport.abortConnection();
    assertInstanceOf(await wire.lost(), ConnectionAborted);
  });

  for (const method of ["loseConnection", "abortConnection"] as const) {
    test(`${method}() in dataReceived(): connectionLost() comes after it, and nothing more`, async (bed) => {
      let within = false;
      const { peer, wire } = await accepted(bed, {
        dataReceived: (wire) => {
          within = true;
          wire.transport[method]();
          wire.transport[method]();
          within = false;
        },
        connectionLost: () => assert(!within, "connectionLost() within dataReceived()"),
      });
      await peer.send("go");
      const reason = await wire.lost();
      const aborted = method === "abortConnection";
      assertInstanceOf(reason, aborted ? ConnectionAborted : ConnectionDone);
      await peer.ending();
      assertEquals(wire.events, ["made", "data", "lost"]);
    });

    test(`${method}() in connectionMade()`, async (bed) => {
      const { peer, wire } = await accepted(bed, {
        connectionMade: (wire) => wire.transport[method](),
      });
      await wire.lost();
      await peer.ending();
      assertEquals(wire.events, ["made", "lost"]);
    });
  }

  test("A closing connection to a peer that never reads ends after the linger time", async (bed) => {
    const { wire } = await accepted(bed, {}, { linger: 0.05 });
    wire.transport.write(new Uint8Array(64 * MEGABYTE));
    wire.transport.loseConnection();
    const reason = await wire.lost();
    assertInstanceOf(reason, LingerTimeout);
    assert(reason.unsent > 0);
  });

  test("A write that is stuck already when the connection is closed: the linger time ends that too", async (bed) => {
    const { peer, wire } = await accepted(bed, {}, { linger: 0.05 });
    wire.transport.write(new Uint8Array(64 * MEGABYTE));
    await peer.read(1);
    wire.transport.loseConnection();
    assertInstanceOf(await wire.lost(), LingerTimeout);
  });

  test("Writing on to a peer that has closed ends a connection that does not read", async (bed) => {
    const { peer, wire } = await accepted(bed, {
      connectionMade: (wire) => wire.transport.pauseProducing(),
    });
    peer.close();
    const write = () => {
      if (wire.reason !== null) return;
      wire.transport.write("anybody there?");
      bed.reactor.callLater(0, write);
    };
    write();
    assertInstanceOf(await wire.lost(), ConnectionLost);
  });

  for (const kind of ["throws", "rejects"] as const) {
    test(`dataReceived() that ${kind} loses that connection with its error; others go on`, async (bed) => {
      const error = new RangeError("boom");
      const factory = new Wires({
        dataReceived: (wire, data) => {
          if (data[0] !== 0x21) return wire.transport.write(data);
          if (kind === "rejects") return Promise.reject(error);
          throw error;
        },
      });
      const port = bed.listen(factory);
      bed.run();
      const [good, bad] = [await bed.rawConnect(port.port), await bed.rawConnect(port.port)];
      await factory.wire(1);
      await bad.send("!");
      await bad.ending();
      const lost = factory.built.find(({ reason }) => reason !== null);
      assertStrictEquals(lost?.reason, error);
      await good.send("fine");
      assertEquals(await good.readText(4), "fine");
      assertEquals(bed.errors.take(), [error]);
    });
  }

  test("stop() disconnects everything before run() settles, and every protocol hears of it", async (bed) => {
    const servers = new Wires();
    const clients = new Wires();
    const [port, second] = [bed.listen(servers), bed.listen(servers)];
    const raw = bed.rawListen();
    const running = bed.run();
    const peers = [await bed.rawConnect(port.port), await bed.rawConnect(second.port)];
    bed.reactor.connectTCP("127.0.0.1", raw.addr.port, clients);
    peers.push(await bed.rawAccept(raw));
    await clients.wire();
    await servers.wire(1);
    servers.built[0]?.transport.write(new Uint8Array(64 * MEGABYTE)); // stuck
    bed.reactor.stop();
    await running;
    for (const wire of [...servers.built, ...clients.built]) {
      assertEquals(wire.events, ["made", "lost"]);
      assertInstanceOf(wire.reason, ConnectionLost);
    }
    assertEquals(clients.events, ["start", "connecting", "lost", "stop"]);
    assertEquals(servers.events, ["start", "stop"]);
    for (const peer of peers) await peer.ending();
    bed.rawListen({ port: port.port });
    bed.rawListen({ port: second.port });
  });

  test("What was written in the turn that stops the reactor still goes out", async (bed) => {
    const { peer, wire } = await accepted(bed);
    bed.reactor.callLater(0, () => {
      wire.transport.write("goodbye");
      bed.reactor.stop();
    });
    assertEquals(new TextDecoder().decode(await peer.readAll()), "goodbye");
    assertInstanceOf(await wire.lost(), ConnectionLost);
    await bed.run();
  });

  for (const method of ["connectionMade", "dataReceived", "connectionLost"] as const) {
    test(`stop() in ${method}()`, async (bed) => {
      const factory = new Wires({ [method]: () => bed.reactor.stop() });
      const port = bed.listen(factory);
      const running = bed.run();
      const peer = await bed.rawConnect(port.port);
      if (method === "dataReceived") await peer.send("stop");
      if (method === "connectionLost") peer.close();
      await running;
      assertEquals(factory.built[0]?.events.at(-1), "lost");
      assertEquals(factory.events, ["start", "stop"]);
    });
  }

  test("crash() leaves connections and ports as they are: they go on when the reactor runs again", async (bed) => {
    const factory = new Wires(echo);
    const port = bed.listen(factory);
    const crashed = bed.reactor.run({ installSignalHandlers: false });
    const peer = await bed.rawConnect(port.port);
    const wire = await factory.wire();
    bed.reactor.crash();
    await crashed;
    assertEquals([wire.events, factory.events], [["made"], ["start"]]);
    bed.run();
    for (const each of [peer, await bed.rawConnect(port.port)]) {
      await each.send("still there?");
      assertEquals(await each.readText(12), "still there?");
    }
    await bed.stop();
    assertEquals(wire.events.at(-1), "lost");
    assertEquals(factory.events, ["start", "stop"]);
  });

  test("connect() and listenTCP() in connectionLost() during the shutdown hold nothing open", async (bed) => {
    const clients = new Wires();
    const raw = bed.rawListen();
    clients.clientConnectionLost = (connector) => {
      connector.connect();
      bed.listen(new Wires());
    };
    const running = bed.run();
    bed.reactor.connectTCP("127.0.0.1", raw.addr.port, clients);
    await bed.rawAccept(raw);
    await clients.wire();
    bed.reactor.stop();
    await running;
    assertEquals(clients.built.length, 1);
  });
}
