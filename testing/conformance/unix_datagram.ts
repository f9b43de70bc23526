/**
 * UNIX datagrams. The tests use only `IReactorUNIXDatagram`, so every reactor that has them runs
 * the tests unchanged. That a datagram does not arrive is shown by a later one that does. Of
 * Twisted's tests:
 *
 * - `test/test_unix.py`, `DatagramUnixSocketTests`: `test_exchange`, `test_cannotListen` (whose
 *   file need not be removed here). The tests of `repr` are about Python's.
 * - `internet/test/test_unix.py`, `UNIXDatagramTestsBuilder`: both.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../assertions.ts";
import { UNIXAddress } from "../../reactor/addresses.ts";
import { CannotListenError, ConnectError, DatagramError } from "../../reactor/errors.ts";
import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { EventLoggingObserver } from "../event_logging_observer.ts";
import { type SocketTest, socketTest } from "../fixtures/socket_fixture.ts";
import {
  ConnectedUNIXRecorder,
  echo,
  UNIXDatagramFixture,
  UNIXRecorder,
} from "../fixtures/unix_datagram_fixture.ts";

/**
 * Defines the tests of UNIX datagrams.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
 */
export function unixDatagramConformance(name: string, makeReactor: () => IReactor): void {
  const test = socketTest(name, (errors) => new UNIXDatagramFixture(makeReactor(), errors));
  exchangeTests(test);
  bindingTests(test);
  connectedTests(test);
}

/** Defines the tests of sending and receiving. */
function exchangeTests(test: SocketTest<UNIXDatagramFixture>): void {
  Deno.test(
    test("listenUNIXDatagram() exchanges datagrams with the path of the sender", async (fixture) => {
      const server = fixture.listen("server", echo);
      assertInstanceOf(server.port.getHost(), UNIXAddress);
      assertEquals(server.port.getHost().name, server.path);
      const client = fixture.connect("server", { bindAddress: fixture.path("client") });
      assertEquals(client.port.getPeer().name, server.path);
      const running = fixture.run();
      client.port.write("one");
      await client.protocol.calls.seen("received echo one");
      client.port.writeSequence(["t", "wo"]);
      await client.protocol.calls.seen("received echo two");
      await fixture.stop();
      await running;
      assertEquals(client.protocol.calls.events.at(-1), "stopped");
      assertEquals(server.protocol.calls.events.at(-1), "stopped");
      for (const path of [server.path, fixture.path("client")]) {
        await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
      }
    }),
  );

  Deno.test(
    test("listenUNIXDatagram() exchanges 1000 datagrams each way, in order", async (fixture) => {
      const count = 1000;
      const sent = [0, 0];
      const names = ["a", "b"];
      // Two at a time, because a receiver's queue holds ten (net.unix.max_dgram_qlen).
      const sendOn = (i: number) => {
        const end = ends[i];
        while ((sent[i] ?? 0) < Math.min(count, (end?.protocol.sources.length ?? 0) + 2)) {
          end?.port.write(String(sent[i]), fixture.path(names[1 - i] ?? ""));
          sent[i] = (sent[i] ?? 0) + 1;
        }
      };
      const ends = names.map((name, i) => fixture.listen(name, () => sendOn(i)));
      fixture.run();
      ends.forEach((_, i) => sendOn(i));
      const expected = Array.from({ length: count }, (_, i) => `received ${i}`);
      for (const { protocol } of ends) {
        await protocol.calls.seen(`received ${count - 1}`);
        assertEquals(protocol.calls.events.slice(1), expected);
      }
    }),
  );

  Deno.test(
    test("write() sends while the port is receiving, and refusals do not disturb it", async (fixture) => {
      using logged = EventLoggingObserver.createWithCleanup();
      fixture.listen("echo", echo);
      const { port, protocol } = fixture.listen("server");
      fixture.run();
      for (let i = 1; i <= 5; i++) {
        port.write(`${i}`, fixture.path("echo"));
        port.write("to no one", fixture.path("none"));
        await protocol.calls.seen(`received echo ${i}`);
      }
      assertEquals(protocol.sources.map(({ name }) => name), Array(5).fill(fixture.path("echo")));
      assertEquals(protocol.sources.length, 5);
      await port.stopListening();
      assertMatch(logged.texts.join("\n"), /Cannot send a datagram to .*\/none/);
      assert(fixture.errors.take(DatagramError).length > 0);
    }),
  );

  Deno.test(
    test("maxPacketSize drops and logs received datagrams that are longer", async (fixture) => {
      using logged = EventLoggingObserver.createWithCleanup();
      const { path, protocol, port } = fixture.listen("a", () => {}, { maxPacketSize: 4 });
      const sender = fixture.listen("b");
      fixture.run();
      for (const size of [0, 5, 900_000, 4]) sender.port.write(new Uint8Array(size), path);
      await protocol.calls.until(() => protocol.datagrams.length === 2);
      assertEquals(protocol.datagrams.map(({ length, buffer }) => [length, buffer.byteLength]), [
        [0, 0],
        [4, 4],
      ]);
      assertEquals(port.stats.oversized, 1);
      assertMatch(logged.texts.join("\n"), /longer than maxPacketSize \(4 bytes\)/);
      assertEquals(fixture.errors.take(DatagramError).map(({ code }) => code), ["EMSGSIZE"]);
    }),
  );

  Deno.test(
    test("maxPacketSize may be larger than any datagram of UDP", async (fixture) => {
      const size = 150_000;
      const { path, protocol } = fixture.listen("a", () => {}, { maxPacketSize: size });
      const sender = fixture.listen("b");
      fixture.run();
      const datagram = Uint8Array.from({ length: size }, (_, i) => i % 251);
      sender.port.write(datagram, path);
      await protocol.calls.until(() => protocol.datagrams.length === 1);
      assertEquals(protocol.datagrams[0], datagram);
    }),
  );
}

/** Defines the tests of binding. */
function bindingTests(test: SocketTest<UNIXDatagramFixture>): void {
  Deno.test(
    test("listenUNIXDatagram() throws CannotListenError for a path in use, too long or missing", async (fixture) => {
      const { port, path, protocol } = fixture.listen("a");
      const failure = (name: string) =>
        assertThrows(() => fixture.listen(name), CannotListenError, `Cannot listen on `);
      assertEquals(failure("a").code, "EADDRINUSE");
      assertMatch(failure("x".repeat(200)).message, /: the path has \d+ bytes/);
      assertEquals(failure("none/a").code, "ENOENT");
      assertThrows(
        () => fixture.reactor.listenUNIXDatagram("", new UNIXRecorder()),
        RangeError,
        "listenUNIXDatagram() path must not be empty",
      );
      fixture.run();
      await port.stopListening();
      await fixture.reactor.listenUNIXDatagram(path, protocol).stopListening();
    }),
  );

  Deno.test(
    test("listenUNIXDatagram() sets the requested mode of its file, by default 666", (fixture) => {
      const modeOf = (path: string) => ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
      assertEquals(modeOf(fixture.listen("a", undefined, { mode: 0o600 }).path), "600");
      assertEquals(modeOf(fixture.listen("b").path), "666");
      assertThrows(
        () => fixture.listen("c", undefined, { mode: 0o1000 }),
        RangeError,
        "mode must be an integer from 0 to 511, got 512",
      );
    }),
  );

  Deno.test(
    test("stopListening() removes only the file of its own socket", async (fixture) => {
      const first = fixture.listen("a");
      fixture.run();
      await first.port.stopListening();
      await assertRejects(() => Deno.lstat(first.path), Deno.errors.NotFound);
      const second = fixture.listen("a");
      await Deno.remove(second.path);
      await Deno.writeTextFile(second.path, "precious");
      await second.port.stopListening();
      assertEquals(await Deno.readTextFile(second.path), "precious");
    }),
  );

  Deno.test(
    test("listenUNIXDatagram() on an abstract name receives replies", async (fixture) => {
      if (Deno.build.os !== "linux") return;
      const name = `\0torsion-${crypto.randomUUID()}`;
      const { reactor } = fixture;
      assertEquals(reactor.listenUNIXDatagram(name, new UNIXRecorder(echo)).getHost().name, name);
      const client = new ConnectedUNIXRecorder();
      const port = reactor.connectUNIXDatagram(name, client, { bindAddress: `${name}-client` });
      fixture.run();
      port.write("hi");
      await client.calls.seen("received echo hi");
    }),
  );
}

/** Defines the tests of connected ports. */
function connectedTests(test: SocketTest<UNIXDatagramFixture>): void {
  Deno.test(
    test("connectUNIXDatagram() without bindAddress sends with an empty address", async (fixture) => {
      const { protocol } = fixture.listen("a");
      const { port } = fixture.connect("a");
      assertEquals(port.getHost().name, "");
      fixture.run();
      port.write("hi");
      await protocol.calls.seen("received hi");
      const [from] = protocol.sources;
      assertEquals([from?.name, String(from)], ["", "unix:"]);
      assertThrows(
        () => protocol.transport.write("x", from ?? ""),
        RangeError,
        "Cannot write a datagram: the receiver's socket is not bound to a path",
      );
    }),
  );

  Deno.test(
    test("connectUNIXDatagram() calls connectionFailed() for a missing peer or a path in use", async (fixture) => {
      const missing = fixture.connect("none", { bindAddress: fixture.path("client") });
      assertInstanceOf(missing.protocol.reason, ConnectError);
      assertEquals(missing.protocol.reason.code, "ENOENT");
      await assertRejects(() => Deno.lstat(fixture.path("client")), Deno.errors.NotFound);
      const { path } = fixture.listen("a");
      const inUse = fixture.connect("a", { bindAddress: path });
      assertInstanceOf(inUse.protocol.reason, CannotListenError);
      assertEquals(inUse.protocol.reason.code, "EADDRINUSE");
      inUse.port.write("nowhere");
      await inUse.port.stopListening();
      assertEquals(inUse.protocol.calls.events, ["failed"]);
    }),
  );

  Deno.test(
    test("connectionRefused() reports a removed peer; an unconnected port logs it", async (fixture) => {
      using logged = EventLoggingObserver.createWithCleanup();
      let refusals = 0;
      const server = fixture.listen("server");
      const client = fixture.connect(
        "server",
        { bindAddress: fixture.path("client") },
        new ConnectedUNIXRecorder(({ transport }) => ++refusals < 2 && transport.write("again")),
      );
      fixture.run();
      await server.port.stopListening();
      const other = fixture.listen("other", () => {});
      other.port.write("x", server.path);
      client.port.write("one");
      await client.protocol.calls.seen("refused", 2);
      // The port of the other one has sent its datagram when it has closed.
      await other.port.stopListening();
      assertEquals(fixture.errors.take(DatagramError).map(({ code }) => code), ["ECONNREFUSED"]);
      assertMatch(logged.texts.join("\n"), /Cannot send a datagram to .*\/server/);
    }),
  );

  Deno.test(
    test("connectionRefused() is called once for each datagram to a stale file", async (fixture) => {
      const server = fixture.listen("server");
      const stale = fixture.path("stale");
      // A port removes only the file at its own path.
      await Deno.rename(server.path, stale);
      const client = fixture.connect("stale", { bindAddress: fixture.path("client") });
      fixture.run();
      await server.port.stopListening();
      client.port.write("one");
      client.port.write("two");
      await client.protocol.calls.seen("refused", 2);
      await client.port.stopListening();
      assertEquals(client.protocol.calls.events, ["started", "refused", "refused", "stopped"]);
    }),
  );

  Deno.test(
    test("connectUNIXDatagram() receives only from its peer, also after the peer has returned", async (fixture) => {
      const first = fixture.listen("server");
      const { protocol, port } = fixture.connect("server", { bindAddress: fixture.path("client") });
      const other = fixture.listen("other");
      fixture.run();
      other.port.write("from another", fixture.path("client"));
      await other.port.stopListening();
      first.port.write("from the server", fixture.path("client"));
      await protocol.calls.seen("received from the server");
      await first.port.stopListening();
      fixture.listen("server", echo);
      port.write("hello");
      await protocol.calls.seen("received echo hello");
      assertEquals(protocol.calls.events, [
        "started",
        "received from the server",
        "received echo hello",
      ]);
    }),
  );
}
