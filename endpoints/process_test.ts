// Twisted's `internet/test/test_endpoints.py`, `ProcessEndpointsTests`,
// `ProcessEndpointTransportTests` and `WrappedIProtocolTests`, with real processes where Twisted
// has a fake transport. `test_constructorDefaults` and `test_constructorNonDefaults`,
// `test_constructor` of the other two classes, and `test_wrappedProtocol` read private fields: here
// the arguments of `spawnProcess` are compared. `test_verify…` and `test_extraneousAttributes` are
// checked by the compiler.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { addObserver } from "../log/mod.ts";
import { ProcessAddress } from "../reactor/addresses.ts";
import {
  ProcessFixture,
  temporaryFolder,
  WatchedReactor,
} from "../testing/fixtures/process_fixture.ts";
import { socketTest } from "../testing/fixtures/socket_fixture.ts";
import { HalfCloseableWire, Wire, Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  ConnectingCancelledError,
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  NoProtocol,
  ProcessTerminated,
  SpawnError,
  UnsupportedError,
  WriteBufferExceeded,
} from "../reactor/errors.ts";
import { joinConnections } from "../protocol/mod.ts";
import type { IReactorProcess, SpawnProcessOptions } from "../reactor/interfaces/mod.ts";
import { MemoryReactor } from "../testing/mod.ts";
import {
  connectProtocol,
  ProcessConnection,
  ProcessEndpoint,
  StandardErrorBehavior,
} from "./mod.ts";

/** Collects the logged messages that are not errors. */
class EndpointBed extends ProcessFixture {
  readonly messages: string[] = [];

  constructor(...args: ConstructorParameters<typeof ProcessFixture>) {
    super(...args);
    const observing = addObserver(({ message }) => this.messages.push(message), { replay: false });
    this.after(() => observing[Symbol.dispose]());
  }

  /**
   * The reactor. The test waits for its processes at the end, because a connection may be lost
   * before its process exits.
   */
  readonly #awaited: IReactorProcess = {
    spawnProcess: (protocol, executable, options) => {
      const watched = new WatchedReactor(this.reactor);
      const transport = watched.spawnProcess(protocol, executable, options);
      this.after(() => watched.ended);
      return transport;
    },
  };

  /** An endpoint that runs a shell script. */
  endpoint(
    script: string,
    options: ConstructorParameters<typeof ProcessEndpoint>[2] = {},
  ): ProcessEndpoint {
    return new ProcessEndpoint(this.#awaited, "/bin/sh", {
      args: ["-c", script],
      env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      ...options,
    });
  }

  /** Starts a script, and kills it after the test. */
  async connect<W extends Wire>(
    wire: W,
    script: string,
    options: SpawnProcessOptions = {},
  ): Promise<W> {
    this.run();
    await connectProtocol(this.endpoint(script, options), wire);
    this.after(async () => {
      wire.transport.abortConnection();
      await wire.lost();
    });
    return wire;
  }
}

const test = socketTest("ProcessEndpoint", (errors) => new EndpointBed(new DenoReactor(), errors));

/** The transport, with the type of its own class. */
function connectionOf({ transport }: Wire): ProcessConnection {
  assertInstanceOf(transport, ProcessConnection);
  return transport;
}

Deno.test("ProcessEndpoint passes its options to spawnProcess(), except errFlag", () => {
  const reactor = new MemoryReactor();
  const options = {
    args: ["a"],
    env: null,
    path: "/",
    uid: 1,
    gid: 2,
    usePTY: false,
    childFDs: { 1: "r" },
  } as const;
  for (
    const endpoint of [
      new ProcessEndpoint(reactor, "program"),
      new ProcessEndpoint(reactor, "program", { ...options, errFlag: StandardErrorBehavior.DROP }),
    ]
  ) endpoint.connect(new Wires());
  const spawned = reactor.processes.map((process) => [process.executable, process.options]);
  assertEquals(spawned, [["program", {}], ["program", options]]);
});

Deno.test(
  test("ProcessConnection can be joined with another connection", async (fixture) => {
    fixture.run();
    const asking = fixture.endpoint('echo hello; read line; [ "$line" = HELLO ] && exit 3');
    const answering = fixture.endpoint('read line; echo "$line" | tr a-z A-Z');
    const [a, b] = [await asking.connect(new Wires()), await answering.connect(new Wires())];
    const joined = joinConnections(a.transport, b.transport);
    await joined.closed;
    const reason = await a.lost();
    assertInstanceOf(reason, ProcessTerminated);
    assertEquals([reason.exitCode, joined.bytesFromA, joined.bytesFromB], [3, 6, 6]);
    await b.lost();
  }),
);

Deno.test(
  test("ProcessEndpoint connects the protocol to the process's standard input and output", async (fixture) => {
    fixture.run();
    const factory = new Wires();
    const wire = await fixture.endpoint("cat").connect(factory);
    assertStrictEquals(wire, factory.built[0]);
    assertEquals(wire.events, ["made"]);
    assertEquals(factory.addresses, [new ProcessAddress("/bin/sh")]);
    wire.transport.write("hello, ");
    wire.transport.writeSequence(["wor", "ld"]);
    await wire.has(12);
    assertEquals([wire.transport.connected, wire.transport.disconnecting], [true, false]);
    wire.transport.loseConnection();
    assertEquals(wire.transport.disconnecting, true);
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.text, "hello, world");
    assertEquals([wire.transport.connected, wire.transport.disconnecting], [false, false]);
    const { bytesReceived, bytesSent, bytesUnsent } = wire.transport.stats();
    assertEquals([bytesReceived, bytesSent, bytesUnsent], [12, 12, 0]);
    assertEquals(factory.events, ["start", "stop"]);
  }),
);

Deno.test(
  test("ProcessConnection getPeer() and getHost() return the process's address", async (fixture) => {
    const wire = await fixture.connect(new Wire(), "cat");
    const { process } = connectionOf(wire);
    assertEquals(String(wire.transport.getPeer()), `/bin/sh (${process.pid})`);
    assert(wire.transport.getPeer().equals(wire.transport.getHost()));
    process.signalProcess("TERM");
    const reason = await wire.lost();
    assertInstanceOf(reason, ProcessTerminated);
    assertEquals(reason.signal, "SIGTERM");
  }),
);

Deno.test(
  test("ProcessEndpoint reports the exit code in connectionLost(), after all output", async (fixture) => {
    const wire = await fixture.connect(new Wire(), "head -c 1000000 /dev/zero; exit 3");
    const reason = await wire.lost();
    assertInstanceOf(reason, ProcessTerminated);
    assertEquals([reason.exitCode, wire.size], [3, 1_000_000]);
  }),
);

Deno.test(
  test("ProcessEndpoint logs or drops the standard error of the process", async (fixture) => {
    fixture.run();
    const said = async (errFlag?: StandardErrorBehavior): Promise<string[]> => {
      const endpoint = fixture.endpoint("echo oops >&2", errFlag === undefined ? {} : { errFlag });
      await (await endpoint.connect(new Wires())).lost();
      return fixture.messages.splice(0).filter((message) => message.includes("standard error"));
    };
    const line = "Process /bin/sh wrote to standard error, which is not handled by Wire: oops";
    assertEquals(await said(), [line]);
    assertEquals(await said(StandardErrorBehavior.LOG), [line]);
    assertEquals(await said(StandardErrorBehavior.DROP), []);
  }),
);

Deno.test(
  test("ProcessConnection.loseConnection() sends the written data to a paused or busy process", async (fixture) => {
    const path = temporaryFolder(fixture);
    const script = "head -c 1000000 /dev/zero; wc -c >count; exit 5";
    const wire = await fixture.connect(new Wire(), script, { path });
    wire.transport.pauseProducing();
    wire.transport.write(new Uint8Array(1_000_000));
    wire.transport.loseConnection();
    wire.transport.pauseProducing();
    const reason = await wire.lost();
    assertInstanceOf(reason, ProcessTerminated);
    assertEquals(reason.exitCode, 5);
    assertEquals(await Deno.readTextFile(`${path}/count`), "1000000\n");
    assertEquals(wire.events, ["made", "lost"]);
  }),
);

Deno.test(
  test("ProcessConnection.write() calls flushed() when the process has read the data", async (fixture) => {
    fixture.run();
    const wire = await fixture.endpoint("cat").connect(new Wires());
    const { promise, resolve } = Promise.withResolvers<void>();
    wire.transport.write(new Uint8Array(100_000), { flushed: resolve });
    await promise;
    await wire.has(100_000);
    wire.transport.loseConnection();
    await wire.lost();
  }),
);

Deno.test(
  test("ProcessConnection.loseConnection() stops a process that writes endlessly", async (fixture) => {
    for (const childFDs of [{ 0: "w", 1: "r" }, { 1: "r" }] as const) {
      const wire = await fixture.connect(new Wire(), "exec yes", { childFDs });
      await wire.has(1);
      wire.transport.loseConnection();
      const reason = await wire.lost();
      assertInstanceOf(reason, ProcessTerminated);
      assertEquals(reason.signal, "SIGPIPE");
    }
  }),
);

Deno.test(
  test("ProcessConnection.abortConnection() kills the process, and reports its reason", async (fixture) => {
    for (const given of [undefined, new RangeError("why")]) {
      const wire = await fixture.connect(new Wire(), "trap '' TERM; exec cat");
      wire.transport.abortConnection(given);
      assertEquals(wire.transport.disconnecting, true);
      wire.transport.abortConnection(new Error("too late"));
      const reason = await wire.lost();
      assertInstanceOf(reason, ConnectionAborted);
      assertStrictEquals(reason.cause, given);
      assertEquals(connectionOf(wire).process.pid, null);
    }
  }),
);

Deno.test(
  test("ProcessEndpoint notifies a half-closeable protocol of each closed pipe", async (fixture) => {
    const wire = await fixture.connect(
      new HalfCloseableWire(),
      "exec 3>&1 >&-; cat >/dev/null; exec 3>&-; echo err >&2",
    );
    wire.transport.write("x");
    wire.transport.loseWriteConnection();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.events.toSorted(), ["lost", "made", "read lost", "write lost"]);
    assertEquals([wire.events[0], wire.events[3]], ["made", "lost"]);
  }),
);

Deno.test(
  test("ProcessConnection pauses its producer if the process does not read", async (fixture) => {
    const wire = await fixture.connect(new Wire(), "cat");
    const events: string[] = [];
    const paused = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    wire.transport.registerProducer({
      pauseProducing: () => paused.resolve(),
      resumeProducing: () => resumed.resolve(),
      stopProducing: () => events.push("stop"),
    }, true);
    wire.transport.pauseProducing();
    wire.transport.write(new Uint8Array(1_000_000));
    await paused.promise;
    assertEquals(wire.size, 0);
    wire.transport.resumeProducing();
    await resumed.promise;
    wire.transport.unregisterProducer();
    let pulls = 0;
    wire.transport.registerProducer(
      { resumeProducing: () => pulls++, stopProducing: () => {} },
      false,
    );
    assertEquals([pulls, events], [1, []]);
    wire.transport.unregisterProducer();
    await wire.has(1_000_000);
    wire.transport.stopProducing();
    assertInstanceOf(await wire.lost(), ConnectionDone);
  }),
);

Deno.test(
  test("ProcessEndpoint closes the connection at the limit of the write buffer", async (fixture) => {
    const wire = await fixture.connect(new Wire(), "read line; kill -STOP $$", {
      writeBufferLimit: 1_000_000,
    });
    for (let i = 0; i < 30; i++) wire.transport.write(new Uint8Array(100_000));
    assertInstanceOf(await wire.lost(), WriteBufferExceeded);
  }),
);

Deno.test(
  test("ProcessEndpoint closes the connection if a method of the protocol throws", async (fixture) => {
    const error = new RangeError("boom");
    const fail = (): never => {
      throw error;
    };
    const first = await fixture.connect(new Wire({ dataReceived: fail }), "cat");
    first.transport.write("x");
    assertStrictEquals(await first.lost(), error);
    const second = new HalfCloseableWire();
    second.readConnectionLost = fail;
    await fixture.connect(second, "exec >&-; cat");
    assertStrictEquals(await second.lost(), error);
    assertEquals(fixture.errors.take(), [error, error]);
  }),
);

Deno.test(
  test("ProcessEndpoint.connect() fails with an error of connectionMade(), and kills the process", async (fixture) => {
    fixture.run();
    const error = new RangeError("boom");
    const factory = new Wires({
      connectionMade: () => {
        throw error;
      },
    });
    await assertRejects(() => fixture.endpoint("cat").connect(factory), RangeError, "boom");
    assertStrictEquals(await factory.built[0]?.lost(), error);
    assertEquals(fixture.errors.take(), [error]);
    assertEquals(factory.events, ["start", "stop"]);
  }),
);

Deno.test(
  test("ProcessEndpoint.connect() starts no process if its signal has already aborted", async (fixture) => {
    fixture.run();
    const wires = new Wires();
    const signal = AbortSignal.abort(new Error("the user has left"));
    const error = await assertRejects(
      () => new ProcessEndpoint(fixture.reactor, "true").connect(wires, { signal }),
      ConnectingCancelledError,
      "the user has left",
    );
    assertStrictEquals(error.cause, signal.reason);
    assertEquals(wires.built, []);
  }),
);

Deno.test(
  test("ProcessEndpoint.connect() fails without a program or a protocol", async (fixture) => {
    fixture.run();
    const error = new RangeError("boom");
    type Failure =
      | typeof SpawnError
      | typeof NoProtocol
      | typeof RangeError
      | typeof UnsupportedError;
    const failing: [ProcessEndpoint, Wires, Failure][] = [
      [new ProcessEndpoint(fixture.reactor, "/nonexistent"), new Wires(), SpawnError],
      [fixture.endpoint("cat"), new Wires(() => null), NoProtocol],
      [
        fixture.endpoint("cat"),
        new Wires(() => {
          throw error;
        }),
        RangeError,
      ],
      [fixture.endpoint("cat", { usePTY: true }), new Wires(), UnsupportedError],
    ];
    for (const [endpoint, factory, expected] of failing) {
      await assertRejects(() => endpoint.connect(factory), expected);
      assertEquals(factory.events, ["start", "stop"]);
    }
  }),
);

Deno.test(
  test("ProcessEndpoint.connect() fails with the first error, and logs an error of doStop()", async (fixture) => {
    const bug = new RangeError("a bug in doStop()");
    class Unstoppable extends Wires {
      override doStop(): void {
        throw bug;
      }
    }
    const endpoint = new ProcessEndpoint(fixture.reactor, "/nonexistent");
    await assertRejects(() => endpoint.connect(new Unstoppable()), SpawnError);
    assertEquals(fixture.errors.take(), [bug]);
  }),
);

Deno.test(test("ProcessEndpoint closes the connection when the reactor stops", async (fixture) => {
  fixture.run();
  const watched = new WatchedReactor(fixture.reactor);
  const wire = await new ProcessEndpoint(watched, "cat").connect(new Wires());
  await fixture.stop();
  const reason = await wire.lost();
  assertInstanceOf(reason, ConnectionLost);
  assert(reason.message.includes("the reactor has stopped"), reason.message);
  await watched.ended;
  assertEquals(wire.events, ["made", "lost"]);
}));

Deno.test(
  test("ProcessConnection has no TLS or TCP options, and throws for startTLS()", async (fixture) => {
    const wire = await fixture.connect(new Wire(), "cat");
    const { transport } = wire;
    transport.setTcpNoDelay(true);
    transport.setTcpKeepAlive(true);
    assertEquals([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [false, false]);
    assertEquals([transport.secure, transport.negotiatedProtocol, transport.getPeerCertificate()], [
      false,
      null,
      null,
    ]);
    assertThrows(() => transport.startTLS({ role: "client" }), UnsupportedError, "child process");
    assertThrows(() => transport.setTcpKeepAlive(true, 10), UnsupportedError, "10 s");
  }),
);
