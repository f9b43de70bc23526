/**
 * Behaviour that is specific to UNIX sockets. `unix_conformance_test.ts` has the behaviour of all
 * streams.
 *
 * Of Twisted's tests:
 *
 * - `internet/test/test_unix.py`: `UNIXTestsBuilder` (`UNIXFamilyMixin`; `ConnectionTestsMixin` is
 *   in the conformance tests, and so is `test_addresses`), `UNIXPortTestsBuilder`
 *   (`ListenUNIXMixin`, `UNIXPortTestsMixin`, `StreamTransportTestsMixin`),
 *   `UnixClientTestsBuilder` (`StreamClientTestsMixin`). `test_sendFileDescriptor` and the
 *   others about passing descriptors, which Deno does not support, are in
 *   `../epoll/unix_descriptors_test.ts`.
 *   `UNIXFDPortTestsBuilder` (`SocketUNIXMixin`) and `UNIXAdoptStreamConnectionTestsBuilder` are in
 *   `../node/adopted_socket_test.ts`, `UNIXDatagramTestsBuilder` in `unix_datagram_test.ts`.
 *   `test_listenFailure` patches private parts; the failures here are real.
 * - `test/test_unix.py`: `UnixSocketTests`; `test_peerBind` is in `interop/socat_test.ts`, since
 *   Deno does not bind clients. The one about `repr` is about Python's.
 *   `test_connectToUncleanServer` and its neighbours are here and in `pid_lock_test.ts`.
 *   `DatagramUnixSocketTests` is in `unix_datagram_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { Clock } from "../../../task/mod.ts";
import { UNIXAddress } from "../../addresses.ts";
import { EventLoggingObserver } from "../../../testing/event_logging_observer.ts";
import { Program } from "../../../testing/fixtures/program.ts";
import { type StreamFixture, streamTest } from "../../../testing/fixtures/stream_fixture.ts";
import {
  connectTo,
  freePath,
  listenAt,
  stalePath,
  unixTransport,
} from "../../../testing/conformance/unix_transport.ts";
import { type Wire, Wires } from "../../../testing/fixtures/wire.ts";
import { BadFileError, CannotListenError, ConnectError, ConnectionLost } from "../../errors.ts";
import type { IDelayedCall, IListeningPort, ListenUNIXOptions } from "../../interfaces/mod.ts";
import { DenoReactor } from "./reactor.ts";
import { dialUNIX } from "./unix.ts";

const transport = unixTransport("DenoReactor UNIX", () => new DenoReactor());
const test = streamTest(transport);
const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

function listen(
  fixture: StreamFixture,
  path: string,
  options: ListenUNIXOptions = {},
): IListeningPort {
  return fixture.reactor.listenUNIX(path, new Wires(greeter), options);
}

/** Returns the error of listening on a path that cannot be bound. */
function listenError(
  fixture: StreamFixture,
  path: string,
  options?: ListenUNIXOptions,
): CannotListenError {
  const factory = new Wires();
  const error = assertThrows(
    () => fixture.reactor.listenUNIX(path, factory, options),
    CannotListenError,
  );
  assertEquals(factory.events, []); // a port that could not be bound does not start the factory
  assert(error.message.startsWith(`Cannot listen on ${path}: `), error.message);
  assertEquals([error.interface, error.port, error.address], ["", path, path]);
  return error;
}

/** Returns the error of a failing connection to a path. */
async function connectError(
  fixture: StreamFixture,
  path: string,
  options = {},
): Promise<ConnectError> {
  const factory = new Wires();
  fixture.reactor.connectUNIX(path, factory, options);
  fixture.run();
  await factory.called("failed");
  const [error] = factory.reasons;
  assertInstanceOf(error, ConnectError);
  assertEquals(error.address, path);
  return error;
}

/** Returns the greeting that a server at the path sends. */
async function greeting(fixture: StreamFixture, path: string): Promise<string> {
  fixture.run();
  return await fixture.raw(await connectTo(path)).readText(5);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test(
  test("listenUNIX() binds at once, and stopListening() removes the file", async (fixture) => {
    const path = freePath(fixture);
    const port = listen(fixture, path);
    assertEquals(port.getHost(), new UNIXAddress(path));
    assertEquals((await Deno.lstat(path)).isSocket, true);
    fixture.raw(await connectTo(path)); // the reactor is not running yet
    await port.stopListening();
    assert(!exists(path));
  }),
);

/** Files with which another program may replace a socket's file. */
const REPLACEMENTS: Record<string, (fixture: StreamFixture, path: string) => void> = {
  "another server's socket": (fixture, path) => void fixture.closeAfter(listenAt(path)),
  "a plain file": (_, path) => Deno.writeTextFileSync(path, "precious"),
  "a link to nothing": (_, path) => Deno.symlinkSync("/nowhere", path),
};

for (const [what, put] of Object.entries(REPLACEMENTS)) {
  for (const running of [true, false]) {
    const when = running ? "while it accepts" : "before it accepts";
    Deno.test(
      test(`stopListening() ${when} keeps ${what} that replaced its file`, async (fixture) => {
        const path = freePath(fixture);
        const port = listen(fixture, path);
        if (running) await greeting(fixture, path);
        await Deno.remove(path);
        put(fixture, path);
        const { ino, dev, mtime } = await Deno.lstat(path);
        await port.stopListening();
        const after = await Deno.lstat(path);
        assertEquals([after.ino, after.dev, after.mtime], [ino, dev, mtime]);
        // The file that was moved aside is not left in the folder.
        assertEquals((await Array.fromAsync(Deno.readDir(folderOf(path)))).length, 1);
      }),
    );
  }
}

Deno.test(
  test("stopListening() keeps the socket file of a server that replaced its own", async (fixture) => {
    const path = freePath(fixture);
    const [first, second] = [
      new Wires(greeter),
      new Wires({ connectionMade: ({ transport }) => transport.write("other") }),
    ];
    const port = fixture.reactor.listenUNIX(path, first);
    assertEquals(await greeting(fixture, path), "hello");
    await Deno.remove(path);
    fixture.reactor.listenUNIX(path, second);
    await port.stopListening();
    assertEquals(await greeting(fixture, path), "other");
  }),
);

Deno.test(
  test("stopListening() succeeds if its socket file was already removed", async (fixture) => {
    const path = freePath(fixture);
    const port = listen(fixture, path);
    await greeting(fixture, path);
    await Deno.remove(path);
    await port.stopListening();
    assert(!exists(path));
  }),
);

Deno.test(
  test("listenUNIX() resolves a relative path at once, so Deno.chdir() has no effect later", async (fixture) => {
    const [folder, other] = [folderOf(freePath(fixture)), folderOf(freePath(fixture))];
    inFolder(fixture, folder);
    const port = fixture.reactor.listenUNIX("socket", new Wires(greeter), { wantPID: true });
    assertEquals(String(port.getHost()), `${folder}/socket`);
    Deno.chdir(other);
    assertEquals(await greeting(fixture, `${folder}/socket`), "hello");
    await Deno.writeTextFile("socket", "precious");
    await port.stopListening();
    assert(!exists(`${folder}/socket`) && !exists(`${folder}/socket.lock`));
    assertEquals(await Deno.readTextFile(`${other}/socket`), "precious");
    port.startListening();
    assert(exists(`${folder}/socket`));
  }),
);

Deno.test(
  test("listenUNIX() with a relative path too long as an absolute one removes its file", async (fixture) => {
    const folder = `${folderOf(freePath(fixture))}/${"long".repeat(25)}`;
    await Deno.mkdir(folder);
    inFolder(fixture, folder);
    const port = listen(fixture, "socket");
    await greeting(fixture, "socket");
    Deno.chdir("..");
    await Deno.writeTextFile("socket", "precious");
    await port.stopListening();
    assert(!exists(`${folder}/socket`));
    assertEquals(await Deno.readTextFile("socket"), "precious");
  }),
);

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Changes the working directory until the end of the test. */
function inFolder(fixture: StreamFixture, folder: string): void {
  const before = Deno.cwd();
  fixture.after(() => Deno.chdir(before));
  Deno.chdir(folder);
}

Deno.test(
  test("listenUNIX() logs its path when it starts and when it has closed", async (fixture) => {
    using log = EventLoggingObserver.createWithCleanup();
    const path = freePath(fixture);
    await listen(fixture, path).stopListening();
    assertEquals(log.texts, [`Wires starting on ${path}`, `(Wires on ${path} closed)`]);
  }),
);

for (const mode of [0o666, 0o600, 0o660, 0o777, 0]) {
  Deno.test(
    test(`listenUNIX() sets the requested mode ${mode.toString(8)} of its socket file`, (fixture) => {
      const path = freePath(fixture);
      listen(fixture, path, { mode });
      assertEquals((Deno.lstatSync(path).mode ?? 0) & 0o777, mode);
    }),
  );
}

Deno.test(test("listenUNIX() sets the mode 666 of its socket file by default", (fixture) => {
  const path = freePath(fixture);
  listen(fixture, path);
  assertEquals((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o666);
}));

Deno.test(
  test("listenUNIX() replaces a socket file on which no process listens", async (fixture) => {
    const path = stalePath(fixture);
    listen(fixture, path);
    assertEquals(await greeting(fixture, path), "hello");
  }),
);

Deno.test(test("listenUNIX() replaces the socket file of a killed server", async (fixture) => {
  const path = freePath(fixture);
  await using server = Program.evaluate(`
    Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} });
    console.log("listening");
    setInterval(() => {}, 1e9);
  `);
  await server.line("listening");
  assertEquals(listenError(fixture, path).code, "EADDRINUSE");
  server.send("SIGKILL");
  await server.end();
  assert(exists(path));
  listen(fixture, path);
  assertEquals(await greeting(fixture, path), "hello");
}));

Deno.test(test("listenUNIX() keeps a socket on which a process listens", async (fixture) => {
  const path = freePath(fixture);
  const listener = fixture.closeAfter(listenAt(path));
  assertEquals(listenError(fixture, path).code, "EADDRINUSE");
  const probe = await fixture.rawAccept(listener);
  assertEquals(await probe.ending(), "end"); // the probe has disconnected again
  const peer = fixture.raw(await connectTo(path));
  await peer.send("still there?");
  assertEquals(await (await fixture.rawAccept(listener)).readText(12), "still there?");
}));

Deno.test(
  test("listenUNIX() keeps the socket of a server with a full accept queue", async (fixture) => {
    const place = await transport.silentAddress?.(fixture);
    const path = String(place);
    assertEquals(listenError(fixture, path).code, "EADDRINUSE");
    assert(exists(path));
  }),
);

const NOT_SOCKETS: Record<string, (path: string, fixture: StreamFixture) => void> = {
  "A file": (path) => Deno.writeTextFileSync(path, "precious"),
  "A folder": (path) => Deno.mkdirSync(path),
  "A symbolic link to a socket": (path, fixture) => Deno.symlinkSync(stalePath(fixture), path),
};

for (const [what, make] of Object.entries(NOT_SOCKETS)) {
  Deno.test(
    test(`listenUNIX() throws CannotListenError and keeps ${what} at its path`, (fixture) => {
      const path = freePath(fixture);
      make(path, fixture);
      const error = listenError(fixture, path);
      assertEquals(error.code, "EADDRINUSE");
      assertMatch(error.message, /: the path has a file that is not a socket$/);
      assert(exists(path));
    }),
  );
}

Deno.test(
  test("listenUNIX() and connectUNIX() fail with ENOENT if the folder does not exist", async (fixture) => {
    const path = `${freePath(fixture)}/socket`;
    const error = listenError(fixture, path);
    assertEquals([error.code, error.syscall], ["ENOENT", "listen"]);
    assertInstanceOf(error.cause, Error);
    const reason = await connectError(fixture, path);
    assertEquals([reason.name, reason.code, reason.syscall], ["ConnectError", "ENOENT", "connect"]);
    assertInstanceOf(reason.cause, Error);
  }),
);

Deno.test(
  test("connectUNIX() to a file that is not a socket fails with ConnectionRefusedError", async (fixture) => {
    const path = freePath(fixture);
    await Deno.writeTextFile(path, "");
    const reason = await connectError(fixture, path);
    assertEquals([reason.name, reason.code], ["ConnectionRefusedError", "ECONNREFUSED"]);
  }),
);

Deno.test(
  test("listenUNIX() with a long path names the path, its length and the limit", async (fixture) => {
    const folder = freePath(fixture);
    await Deno.mkdir(folder);
    // Each character takes two bytes in UTF-8.
    const path = `${folder}/${"ü".repeat(60)}`;
    const size = new TextEncoder().encode(path).length;
    const why = new RegExp(
      `: the path has ${size} bytes, but linux allows at most 107 for a UNIX socket$`,
    );
    const error = listenError(fixture, path);
    assertEquals(error.code, "ENAMETOOLONG");
    assertMatch(error.message, why);
    const reason = await connectError(fixture, path);
    assertEquals(reason.code, "ENAMETOOLONG");
    assertMatch(reason.message, why);
  }),
);

Deno.test(test("listenUNIX() accepts the longest path of the system", async (fixture) => {
  const folder = freePath(fixture);
  await Deno.mkdir(folder);
  const path = `${folder}/`.padEnd(107, "x");
  listen(fixture, path);
  assertEquals(await greeting(fixture, path), "hello");
  assertEquals(listenError(fixture, `${path}x`).code, "ENAMETOOLONG");
}));

Deno.test(
  test("listenUNIX() on an abstract name has no file, and prints the name with an @", async (fixture) => {
    const name = `\0torsion-${crypto.randomUUID()}`;
    const servers = new Wires(greeter);
    const port = fixture.reactor.listenUNIX(name, servers, { mode: 0o600 });
    assertEquals(port.getHost(), new UNIXAddress(name));
    assertEquals(String(port.getHost()), `@${name.slice(1)}`);
    const clients = new Wires();
    const connector = fixture.reactor.connectUNIX(name, clients);
    assertEquals(connector.getDestination(), new UNIXAddress(name));
    fixture.run();
    const client = await clients.wire();
    await client.has(5);
    assertEquals(client.transport.getPeer(), new UNIXAddress(name));
    assert(!exists(name.slice(1)));
  }),
);

Deno.test(
  test("listenUNIX() accepts one byte more for an abstract name than for a path", (fixture) => {
    const name = `\0torsion-${crypto.randomUUID()}`.padEnd(108, "x");
    listen(fixture, name);
    const again = assertThrows(() => listen(fixture, name), CannotListenError);
    assertEquals(again.code, "EADDRINUSE");
    const longer = assertThrows(() => listen(fixture, `${name}x`), CannotListenError);
    assertEquals(longer.code, "ENAMETOOLONG");
  }),
);

Deno.test(
  test("listenUNIX() and connectUNIX() throw for paths and options out of range", (fixture) => {
    const factory = new Wires();
    const { reactor } = fixture;
    const invalid: [() => unknown, typeof RangeError | typeof TypeError, string][] = [
      [() => reactor.listenUNIX("", factory), RangeError, "listenUNIX() path must not be empty"],
      [() => reactor.listenUNIX("a\0b", factory), RangeError, "zero byte at its beginning only"],
      [() => reactor.listenUNIX("a", factory, { mode: 0o1777 }), RangeError, "mode must be"],
      [() => reactor.listenUNIX("a", factory, { mode: -1 }), RangeError, "mode must be"],
      [() => reactor.listenUNIX("a", factory, { backlog: 0 }), RangeError, "backlog must be"],
      [() => reactor.listenUNIX("a", factory, { linger: -1 }), RangeError, "linger must be"],
      [() => reactor.listenUNIX("\0a", factory, { wantPID: true }), RangeError, "wantPID must be"],
      [() => reactor.connectUNIX("", factory), RangeError, "connectUNIX() path must not be empty"],
      [() => reactor.connectUNIX("a", factory, { timeout: -1 }), RangeError, "timeout must be"],
      [
        () => reactor.connectUNIX("\0a", factory, { checkPID: true }),
        RangeError,
        "checkPID must be",
      ],
      // A caller without type checking may pass this.
      [() => reactor.listenUNIX(80 as unknown as string, factory), TypeError, "got 80"],
    ];
    for (const [call, type, message] of invalid) assertThrows(call, type, message);
    assertEquals(factory.events, []);
  }),
);

Deno.test(
  test("connectionLost() gets ConnectionLost if a UNIX peer closes with unread data", async (fixture) => {
    const { peer, wire } = await fixture.accepted(greeter);
    // The peer reads one byte of five before it closes.
    await peer.read(1);
    peer.close();
    const reason = await wire.lost();
    assertInstanceOf(reason, ConnectionLost);
    assertEquals([reason.code, reason.syscall, reason.address], ["ECONNRESET", "read", "unix:"]);
  }),
);

Deno.test(
  test("connectUNIX() waits while the server's accept queue is full, then connects", async (fixture) => {
    const path = freePath(fixture);
    const listener = fixture.closeAfter(listenAt(path));
    const peers: Deno.Conn[] = [];
    try {
      for (;;) peers.push(fixture.closeAfter(await connectTo(path)));
    } catch (error) {
      assertInstanceOf(error, Deno.errors.WouldBlock);
    }
    const factory = new Wires();
    fixture.reactor.connectUNIX(path, factory);
    fixture.run();
    // An attempt that found the queue full is ahead of one that started after it.
    await connectError(fixture, path, { timeout: 0.01 });
    assertEquals(factory.built.length, 0);
    for (const _ of peers) await fixture.rawAccept(listener);
    await factory.wire();
  }),
);

/** A clock that reports its first callLater(). */
class ObservedClock extends Clock {
  readonly #called = Promise.withResolvers<void>();
  readonly called: Promise<void> = this.#called.promise;

  override callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    this.#called.resolve();
    return super.callLater(delay, f, ...args);
  }
}

for (const when of ["waits for room", "retries"] as const) {
  Deno.test(
    test(`dialUNIX() that is cancelled while it ${when} releases its socket once`, async (fixture) => {
      const place = await transport.silentAddress?.(fixture);
      const clock = new ObservedClock();
      const events: string[] = [];
      const over = Promise.withResolvers<void>();
      const cancel = dialUNIX(clock, String(place), false)({
        connected: () => events.push("connected"),
        failed: () => events.push("failed"),
        released: () => {
          events.push("released");
          over.resolve();
        },
      });
      await clock.called;
      if (when === "retries") clock.advance(1);
      cancel();
      assertEquals(clock.getDelayedCalls(), []);
      await over.promise;
      // A pending attempt cannot be aborted; the connector ignores its outcome.
      assertEquals(events, when === "retries" ? ["failed", "released"] : ["released"]);
    }),
  );
}

Deno.test(test("listenUNIX() with wantPID holds a lock while it listens", async (fixture) => {
  const path = freePath(fixture);
  const port = listen(fixture, path, { wantPID: true });
  for (let i = 0; i < 2; i++) {
    assertEquals(await Deno.readLink(`${path}.lock`), String(Deno.pid));
    await port.stopListening();
    assert(!exists(`${path}.lock`));
    port.startListening();
  }
}));

Deno.test(test("listenUNIX() with wantPID fails if another port holds the lock", (fixture) => {
  const path = freePath(fixture);
  listen(fixture, path, { wantPID: true });
  const error = listenError(fixture, path, { wantPID: true });
  assertEquals(error.code, "EEXIST");
  assertMatch(error.message, new RegExp(`: ${path}\\.lock is held by process ${Deno.pid}$`));
  const other = freePath(fixture);
  Deno.mkdirSync(other);
  listenError(fixture, other, { wantPID: true });
  assert(!exists(`${other}.lock`));
}));

Deno.test(
  test("listenUNIX() with wantPID replaces the lock of a killed server", async (fixture) => {
    const path = freePath(fixture);
    await using server = Program.evaluate(`
    import { DenoReactor, Factory, Protocol } from "@torsion/reactor";
    const reactor = new DenoReactor();
    reactor.listenUNIX(${JSON.stringify(path)}, Factory.forProtocol(Protocol), { wantPID: true });
    reactor.callWhenRunning(console.log, "running");
    await reactor.run();
  `);
    await server.line("running");
    assertEquals(listenError(fixture, path, { wantPID: true }).code, "EEXIST");
    const clients = new Wires();
    fixture.reactor.connectUNIX(path, clients, { checkPID: true });
    fixture.run();
    await clients.wire();
    server.send("SIGKILL");
    await server.end();
    assertInstanceOf(await connectError(fixture, path, { checkPID: true }), BadFileError);
    listen(fixture, path, { wantPID: true });
    assertEquals(await greeting(fixture, path), "hello");
  }),
);

Deno.test(
  test("connectUNIX() with checkPID fails with BadFileError if no process holds the lock", async (fixture) => {
    const listener = fixture.rawListen();
    const error = await connectError(fixture, String(listener.place), { checkPID: true });
    assertInstanceOf(error, BadFileError);
    assertEquals(
      error.message,
      `Cannot connect to ${listener.place}: no process holds the lock ${listener.place}.lock`,
    );
  }),
);
