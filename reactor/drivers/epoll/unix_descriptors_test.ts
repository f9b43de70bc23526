// File descriptors over UNIX connections, and the process at their other end. Of Twisted's tests:
//
// - `internet/test/test_unix.py`, `UNIXTestsBuilder`: `test_sendFileDescriptor`,
//   `test_fileDescriptorOverrun`, `test_avoidLeakingFileDescriptors`,
//   `test_descriptorDeliveredBeforeBytes`, `test_sendFileDescriptorTriggersPauseProducing`. Not
//   covered: the tests that fake the results of Python's `recvmsg`.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { connectProtocol, UNIXClientEndpoint, UNIXServerEndpoint } from "../../../endpoints/mod.ts";
import { ProtocolWrapper, WrappingFactory } from "../../../protocol/mod.ts";
import { freePath } from "../../../testing/conformance/unix_transport.ts";
import { Program } from "../../../testing/fixtures/program.ts";
import { type TCPFixture, tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../../../testing/fixtures/wire.ts";
import {
  closeDescriptor,
  closesOnExec,
  ForeignSocket,
  isOpen,
  openDescriptors,
} from "../../../testing/peers/foreign_socket.ts";
import { FileDescriptorOverrun, UnsupportedError } from "../../errors.ts";
import type { IFileDescriptorReceiver, IUNIXTransport } from "../../interfaces/mod.ts";
import { unixTransport } from "../../stream/unix_transport.ts";
import { EpollReactor } from "./reactor.ts";

const test = tcpTest("EpollReactor", () => new EpollReactor());

/** A protocol that keeps the descriptors that it receives. */
class Receiver extends Wire implements IFileDescriptorReceiver {
  readonly descriptors: number[] = [];

  fileDescriptorReceived(fileDescriptor: number): void {
    this.descriptors.push(fileDescriptor);
    return this.record(`descriptor after ${this.size} bytes`, () => {});
  }

  /** Waits for a number of descriptors, which are closed after the test. */
  async receives(count: number, fixture: TCPFixture): Promise<number[]> {
    await this.bell.until(() => this.descriptors.length >= count);
    const received = this.descriptors.slice(0, count);
    fixture.after(() => received.filter(isOpen).forEach(closeDescriptor));
    return received;
  }
}

/** Connects a client to a protocol. @returns The transport of the client, and its protocol. */
async function connected(
  fixture: TCPFixture,
  server: Wire,
): Promise<{ transport: IUNIXTransport; client: Wire }> {
  const path = freePath(fixture);
  fixture.reactor.listenUNIX(path, new Wires(() => server));
  const clients = new Wires();
  fixture.reactor.connectUNIX(path, clients);
  fixture.run();
  const client = await clients.wire();
  await server.seen("made");
  const transport = unixTransport(client.transport);
  assert(transport !== null);
  return { transport, client };
}

Deno.test(test("getPeerCredentials() returns the process that connected", async (fixture) => {
  const path = freePath(fixture);
  const server = new Wires();
  fixture.reactor.listenUNIX(path, server);
  fixture.run();
  await using program = Program.evaluate(`
    const conn = await Deno.connect({ transport: "unix", path: ${JSON.stringify(path)} });
    console.log(Deno.pid, Deno.uid(), Deno.gid());
    await conn.read(new Uint8Array(1));
  `);
  const [, ...ids] = await program.line(/^(\d+) (\d+) (\d+)$/);
  const { transport } = await server.wire();
  const { pid, uid, gid } = unixTransport(transport)?.getPeerCredentials() ?? {};
  assertEquals([pid, uid, gid], ids.map(Number));
  transport.loseConnection();
  await (await server.wire()).lost();
  assertEquals(unixTransport(transport)?.getPeerCredentials(), null);
  assertEquals((await program.end()).code, 0);
}));

Deno.test(test("getPeerCredentials() of a client returns the server's process", async (fixture) => {
  const { transport } = await connected(fixture, new Wire());
  assertEquals(transport.getPeerCredentials()?.pid, Deno.pid);
}));

Deno.test(test("unixTransport() returns null for a TCP connection", async (fixture) => {
  const server = new Wires();
  const { port } = fixture.listen(server);
  fixture.run();
  await fixture.rawConnect(port);
  assertEquals(unixTransport((await server.wire()).transport), null);
}));

Deno.test(
  test("sendFileDescriptor() sends a listening socket, which the peer adopts", async (fixture) => {
    const server = new Receiver();
    const { transport } = await connected(fixture, server);
    const socket = ForeignSocket.listenIPv4();
    const { port } = socket;
    transport.sendFileDescriptor(socket.descriptor);
    // The reactor has its own copy already.
    socket[Symbol.dispose]();
    transport.write("x");
    const [descriptor = -1] = await server.receives(1, fixture);
    assert(closesOnExec(descriptor));
    const greeter = new Wires({ connectionMade: (wire) => wire.transport.write("hello") });
    fixture.reactor.adoptStreamPort(descriptor, "INET", greeter);
    assertEquals(await (await fixture.rawConnect(port)).readText(5), "hello");
  }),
);

Deno.test(
  test("sendFileDescriptor() keeps the order, and comes before later bytes", async (fixture) => {
    const server = new Receiver();
    const { transport } = await connected(fixture, server);
    using first = ForeignSocket.listenIPv4();
    using second = ForeignSocket.listenIPv4();
    transport.write("abc");
    await server.has(3);
    transport.sendFileDescriptor(first.descriptor);
    transport.sendFileDescriptor(second.descriptor);
    transport.write("de");
    const descriptors = await server.receives(2, fixture);
    await server.has(5);
    assertEquals(server.events.filter((event) => event.startsWith("descriptor")), [
      "descriptor after 3 bytes",
      "descriptor after 4 bytes",
    ]);
    assertEquals(server.text, "abcde");
    const ports = descriptors.map((descriptor) => {
      const adopted = fixture.reactor.adoptStreamPort(descriptor, "INET", new Wires());
      return String(adopted.getHost());
    });
    assertEquals(ports, [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`]);
  }),
);

Deno.test(
  test("sendFileDescriptor() sends every descriptor within large and small writes", async (fixture) => {
    const server = new Receiver();
    const { transport, client } = await connected(fixture, server);
    const before = openDescriptors();
    // Larger than the system's buffers: some descriptors have to wait.
    const chunks = [5, 300_000, 1, 1, 1, 5000, 400_000, 7].map((size, i) =>
      new Uint8Array(size).fill(i)
    );
    using socket = ForeignSocket.listenIPv4();
    server.transport.pauseProducing();
    for (const chunk of chunks) {
      transport.sendFileDescriptor(socket.descriptor);
      transport.write(chunk);
    }
    await new Promise((resolve) => setImmediate(resolve));
    server.transport.resumeProducing();
    const descriptors = await server.receives(chunks.length, fixture);
    await server.has(chunks.reduce((sum, { length }) => sum + length, 0));
    const expected = chunks.flatMap((chunk) => [...chunk]);
    assert(server.chunks.flatMap((chunk) => [...chunk]).every((byte, i) => byte === expected[i]));
    // The copies of the sender are closed.
    assertEquals(
      openDescriptors().filter((each) => !before.includes(each) && each !== socket.descriptor),
      descriptors,
    );
    assertEquals(client.reason, null);
  }),
);

Deno.test(test("sendFileDescriptor() pauses a producer at 65 descriptors", async (fixture) => {
  const server = new Receiver();
  const { transport } = await connected(fixture, server);
  using socket = ForeignSocket.listenIPv4();
  const events: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const producer = {
    pauseProducing: () => void events.push("pause"),
    resumeProducing: () => {
      events.push("resume");
      resolve();
    },
    stopProducing: () => {},
  };
  transport.registerProducer(producer, true);
  for (let i = 0; i < 64; i++) transport.sendFileDescriptor(socket.descriptor);
  assertEquals(events, []);
  transport.sendFileDescriptor(socket.descriptor);
  assertEquals(events, ["pause"]);
  transport.write(new Uint8Array(65));
  await promise;
  assertEquals(events, ["pause", "resume"]);
  transport.unregisterProducer();
  await server.receives(65, fixture);
}));

Deno.test(test("sendFileDescriptor() throws UnsupportedError after startTLS()", async (fixture) => {
  const { transport, client } = await connected(fixture, new Wire());
  using socket = ForeignSocket.listenIPv4();
  transport.startTLS({ serverName: "localhost" });
  assertThrows(() => transport.sendFileDescriptor(socket.descriptor), UnsupportedError, "uses TLS");
  assertEquals(transport.getPeerCredentials()?.pid, Deno.pid);
  transport.abortConnection();
  await client.lost();
}));

Deno.test(
  test("sendFileDescriptor() without bytes to send aborts with FileDescriptorOverrun", async (fixture) => {
    const { transport, client } = await connected(fixture, new Receiver());
    using socket = ForeignSocket.listenIPv4();
    const before = openDescriptors();
    transport.write("x");
    for (let i = 0; i < 3; i++) transport.sendFileDescriptor(socket.descriptor);
    const reason = await client.lost();
    assertInstanceOf(reason, FileDescriptorOverrun);
    assert(openDescriptors().length <= before.length);
  }),
);

Deno.test(
  test("sendFileDescriptor() throws for a closed descriptor, and at the limit", async (fixture) => {
    const { transport } = await connected(fixture, new Receiver());
    assertThrows(() => transport.sendFileDescriptor(12345), Error, "Bad file descriptor");
    assertThrows(() => transport.sendFileDescriptor(-1), RangeError, "fileDescriptor");
    using socket = ForeignSocket.listenIPv4();
    transport.write(new Uint8Array(256));
    for (let i = 0; i < 256; i++) transport.sendFileDescriptor(socket.descriptor);
    assertThrows(
      () => transport.sendFileDescriptor(socket.descriptor),
      Error,
      "256 descriptors wait to be sent already",
    );
    transport.abortConnection();
  }),
);

Deno.test(
  test("A protocol that does not receive descriptors has none of them opened", async (fixture) => {
    const server = new Wire();
    const { transport } = await connected(fixture, server);
    using socket = ForeignSocket.listenIPv4();
    const before = openDescriptors();
    for (let i = 0; i < 100; i++) transport.sendFileDescriptor(socket.descriptor);
    transport.write(new Uint8Array(100));
    await server.has(100);
    assertEquals(openDescriptors(), before);
  }),
);

Deno.test(
  test("fileDescriptorReceived() gets all of 253 descriptors, and nothing else stays open", async (fixture) => {
    const server = new Receiver();
    const path = freePath(fixture);
    const inherited = ForeignSocket.listenUNIX(path);
    inherited.receiveSenders();
    const wires = new Wires(() => server);
    fixture.reactor.adoptStreamPort(inherited.descriptor, "UNIX", wires);
    fixture.run();
    using peer = ForeignSocket.connectUNIX(path);
    await server.seen("made");
    const before = openDescriptors();
    peer.sendDescriptors(new Array(253).fill(peer.descriptor));
    const received = await server.receives(253, fixture);
    await server.has(1);
    const kept = openDescriptors().filter((descriptor) => !received.includes(descriptor));
    assertEquals(kept, before);
  }),
);

Deno.test(
  test("fileDescriptorReceived() that throws leaves no descriptor of its message open", async (fixture) => {
    class Throwing extends Receiver {
      override fileDescriptorReceived(fileDescriptor: number): void {
        super.fileDescriptorReceived(fileDescriptor);
        throw new Error("not this one");
      }
    }
    const server = new Throwing();
    const path = freePath(fixture);
    fixture.reactor.listenUNIX(path, new Wires(() => server));
    fixture.run();
    using peer = ForeignSocket.connectUNIX(path);
    await server.seen("made");
    const before = openDescriptors();
    peer.sendDescriptors([peer.descriptor, peer.descriptor, peer.descriptor]);
    await server.lost();
    assertEquals(server.descriptors.length, 1);
    assertEquals(fixture.errors.take().map(({ message }) => message), ["not this one"]);
    assertEquals(openDescriptors().filter((each) => !before.includes(each)), []);
  }),
);

Deno.test(
  test("fileDescriptorReceived() that throws after adopting leaves the port open", async (fixture) => {
    const greeter = new Wires({ connectionMade: (wire) => wire.transport.write("hello") });
    class Adopting extends Receiver {
      override fileDescriptorReceived(fileDescriptor: number): void {
        fixture.reactor.adoptStreamPort(fileDescriptor, "INET", greeter);
        throw new Error("too late");
      }
    }
    const server = new Adopting();
    const { transport } = await connected(fixture, server);
    using socket = ForeignSocket.listenIPv4();
    transport.sendFileDescriptor(socket.descriptor);
    transport.write("x");
    await server.lost();
    assertEquals(fixture.errors.take().map(({ message }) => message), ["too late"]);
    assertEquals(await (await fixture.rawConnect(socket.port)).readText(5), "hello");
  }),
);

Deno.test(
  test("fileDescriptorReceived() that closes the connection gets no further one", async (fixture) => {
    class Closing extends Receiver {
      override fileDescriptorReceived(fileDescriptor: number): void {
        super.fileDescriptorReceived(fileDescriptor);
        this.transport.loseConnection();
      }
    }
    const server = new Closing();
    const path = freePath(fixture);
    fixture.reactor.listenUNIX(path, new Wires(() => server));
    fixture.run();
    using peer = ForeignSocket.connectUNIX(path);
    await server.seen("made");
    const before = openDescriptors();
    peer.sendDescriptors([peer.descriptor, peer.descriptor]);
    await server.lost();
    const received = await server.receives(1, fixture);
    assertEquals(openDescriptors().filter((each) => !before.includes(each)), received);
    assertEquals(server.chunks, []);
  }),
);

Deno.test(test("fileDescriptorReceived() may answer and close", async (fixture) => {
  class Answering extends Receiver {
    override fileDescriptorReceived(fileDescriptor: number): void {
      super.fileDescriptorReceived(fileDescriptor);
      this.transport.write("thanks");
      this.transport.loseConnection();
    }
  }
  const server = new Answering();
  const { transport, client } = await connected(fixture, server);
  using socket = ForeignSocket.listenIPv4();
  transport.sendFileDescriptor(socket.descriptor);
  transport.write("x");
  await client.has(6);
  await client.lost();
  await server.receives(1, fixture);
}));

Deno.test(test("UNIX endpoints pass descriptors on to their protocols", async (fixture) => {
  const { reactor } = fixture;
  const path = freePath(fixture);
  const server = new Receiver();
  const endpoint = new UNIXServerEndpoint(reactor, path);
  await endpoint.listen(new Wires(() => server));
  fixture.run();
  const client = await connectProtocol(new UNIXClientEndpoint(reactor, path), new Receiver());
  await server.seen("made");
  using socket = ForeignSocket.listenIPv4();
  for (const { transport } of [server, client]) {
    unixTransport(transport)?.sendFileDescriptor(socket.descriptor);
    transport.write("x");
  }
  await server.receives(1, fixture);
  await client.receives(1, fixture);
}));

Deno.test(test("A ProtocolWrapper passes descriptors on in both directions", async (fixture) => {
  const path = freePath(fixture);
  const server = new Receiver();
  const wrapping = new (class extends WrappingFactory<Wire, ProtocolWrapper<Wire>> {
    override wrapProtocol(protocol: Wire): ProtocolWrapper<Wire> {
      return new ProtocolWrapper(this, protocol);
    }
  })(new Wires(() => server));
  fixture.reactor.listenUNIX(path, wrapping);
  const client = new Receiver();
  fixture.reactor.connectUNIX(path, new Wires(() => client));
  fixture.run();
  await Promise.all([server.seen("made"), client.seen("made")]);
  using socket = ForeignSocket.listenIPv4();
  for (const { transport } of [server, client]) {
    unixTransport(transport)?.sendFileDescriptor(socket.descriptor);
    transport.write("x");
  }
  await server.receives(1, fixture);
  await client.receives(1, fixture);
}));
