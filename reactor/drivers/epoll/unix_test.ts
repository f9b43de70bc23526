// UNIX sockets of the system. The conformance suite has the behaviour of all streams, and the tests
// of DenoReactor that of the helpers that both reactors share.

import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  connectTo,
  freePath,
  listenAt,
  stalePath,
  unixTransport,
} from "../../../testing/conformance/unix_transport.ts";
import { streamTest } from "../../../testing/fixtures/stream_fixture.ts";
import { type Wire, Wires } from "../../../testing/fixtures/wire.ts";
import { BadFileError, CannotListenError } from "../../errors.ts";
import { EpollReactor } from "./reactor.ts";

const test = streamTest(unixTransport("EpollReactor UNIX", () => new EpollReactor()));
const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

for (const mode of [0o600, 0o660, 0o666, 0o777]) {
  Deno.test(
    test(`listenUNIX() creates its file with the mode ${mode.toString(8)}`, (fixture) => {
      const path = freePath(fixture);
      fixture.reactor.listenUNIX(path, new Wires(), { mode });
      assertEquals((Deno.lstatSync(path).mode ?? 0) & 0o777, mode);
    }),
  );
}

Deno.test(
  test("stopListening() removes the file, unless another one has replaced it", async (fixture) => {
    const path = freePath(fixture);
    const first = fixture.reactor.listenUNIX(path, new Wires());
    await first.stopListening();
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    const second = fixture.reactor.listenUNIX(path, new Wires());
    await Deno.remove(path);
    await Deno.writeTextFile(path, "mine");
    await second.stopListening();
    assertEquals(await Deno.readTextFile(path), "mine");
  }),
);

Deno.test(test("listenUNIX() replaces a stale file, and keeps every other one", async (fixture) => {
  const stale = stalePath(fixture);
  await fixture.reactor.listenUNIX(stale, new Wires()).stopListening();
  const path = freePath(fixture);
  fixture.closeAfter(listenAt(path));
  const inUse = assertThrows(
    () => fixture.reactor.listenUNIX(path, new Wires()),
    CannotListenError,
  );
  assertEquals(inUse.code, "EADDRINUSE");
  const file = freePath(fixture);
  await Deno.writeTextFile(file, "mine");
  assertThrows(() => fixture.reactor.listenUNIX(file, new Wires()), CannotListenError);
  assertEquals(await Deno.readTextFile(file), "mine");
}));

Deno.test(test("listenUNIX() limits the waiting connections by its backlog", async (fixture) => {
  const path = freePath(fixture);
  fixture.reactor.listenUNIX(path, new Wires(), { backlog: 1 });
  // Linux lets one connection more wait than the backlog says.
  for (let i = 0; i < 2; i++) fixture.closeAfter(await connectTo(path));
  const full = await connectTo(path).then((conn) => conn.close(), (error: unknown) => error);
  assertInstanceOf(full, Deno.errors.WouldBlock);
}));

Deno.test(test("listenUNIX() and connectUNIX() support abstract names", async (fixture) => {
  const name = `\0torsion-${crypto.randomUUID()}`;
  const server = new Wires(greeter);
  fixture.reactor.listenUNIX(name, server);
  const clients = new Wires();
  fixture.reactor.connectUNIX(name, clients);
  fixture.run();
  const client = await clients.wire();
  await client.has(5);
  assertEquals(client.transport.getPeer(), (await server.wire()).transport.getHost());
}));

Deno.test(test("connectUNIX() waits while the server's accept queue is full", async (fixture) => {
  const path = freePath(fixture);
  const listener = fixture.closeAfter(listenAt(path));
  const waiting: Deno.Conn[] = [];
  for (let isFull = false; !isFull;) {
    await connectTo(path).then(
      (conn) => waiting.push(fixture.closeAfter(conn)),
      () => isFull = true,
    );
  }
  const clients = new Wires();
  fixture.reactor.connectUNIX(path, clients);
  fixture.run();
  for (const _ of waiting) fixture.raw(await listener.accept());
  await clients.wire();
}));

Deno.test(test("connectUNIX() with checkPID needs the lock of wantPID", async (fixture) => {
  const path = freePath(fixture);
  fixture.reactor.listenUNIX(path, new Wires(greeter), { wantPID: true });
  const clients = new Wires();
  fixture.reactor.connectUNIX(path, clients, { checkPID: true });
  const strangers = new Wires();
  fixture.reactor.connectUNIX(`${path}.other`, strangers, { checkPID: true });
  fixture.run();
  await (await clients.wire()).has(5);
  await strangers.called("failed");
  assertInstanceOf(strangers.reasons[0], BadFileError);
}));
