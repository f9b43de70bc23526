// Standard input and output as a connection, in real programs, which have streams of their own.
//
// Of Twisted's tests:
//
// - `test/test_stdio.py`, `StandardInputOutputTests`: all are here. In
//   `test_buggyWriteConnectionLost` the writing side ends when the reader exits; here that loses
//   the connection with EPIPE, and this side exits. `test_lastWriteReceived` uses a terminal, where
//   the last bytes once were lost; here it uses a pipe. In `test_normalFileStandardOut`, both
//   streams are files.
// - `internet/test/test_stdio.py`, `StdioFilesTests`: not covered. It tests `addReader` and its
//   like for file descriptors, which this reactor does not have.
//
// Tested by hand, because Deno has no pseudo-terminals: in a terminal (`script -qc`), a program
// reads lines, loses its connection during a pending read, and exits.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  Child,
  type ChildBehaviour,
  type ProcessFixture,
  processTest,
  temporaryFolder,
} from "../../../testing/fixtures/process_fixture.ts";
import { Wire, Wires } from "../../../testing/fixtures/wire.ts";
import { CannotListenError, ConnectionAborted, ConnectionDone, ProcessDone } from "../../errors.ts";
import type { SpawnProcessOptions } from "../../interfaces/mod.ts";
import { DenoReactor } from "./reactor.ts";

const test = processTest("standard input and output", () => new DenoReactor());
const root = new URL("../../../", import.meta.url).pathname;

/**
 * The beginning of each program: a protocol on standard input and output that prints its events to
 * standard error.
 */
const BEGINNING = `
  import { Factory, Protocol, reactor } from "@torsion/reactor";
  import { StandardIO } from "@torsion/reactor/endpoints";
  const say = (text) => console.error(text);
  class Base extends Protocol {
    connectionLost(reason) { say("lost " + reason.name + " " + (reason.code ?? "")); }
  }
  const text = (bytes) => new TextDecoder().decode(bytes);
`;

/** Runs a program in Deno. */
function program(
  fixture: ProcessFixture,
  source: string,
  behaviour: ChildBehaviour = {},
  options: SpawnProcessOptions = {},
): Child {
  const child = new Child(behaviour);
  fixture.spawn(Deno.execPath(), child, {
    args: ["eval", "--quiet", BEGINNING + source],
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
    path: root,
    ...options,
  });
  return child;
}

Deno.test(
  test("listenStandardIO() reads input, writes output, and has PipeAddress on both sides", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Echo extends Base {
      connectionMade() {
        this.transport.writeSequence([String(this.transport.getHost()), "|", String(this.transport.getPeer()), "|"]);
      }
      dataReceived(data) { this.transport.write(data); this.transport.loseConnection(); }
      connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
    }
    StandardIO(new Echo(), { reactor });
    await reactor.run();
    `,
    );
    child.transport.write("ok!");
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.out, "standard input and output|standard input and output|ok!");
    assertEquals(child.err, "lost ConnectionDone \n");
  }),
);

Deno.test(
  test("loseConnection() lets the program exit with open input and a pending read", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Bye extends Base {
      connectionMade() { this.transport.write("bye"); this.transport.loseConnection(); }
      connectionLost(reason) { say(reason.name); reactor.stop(); }
    }
    StandardIO(new Bye(), { reactor });
    await reactor.run();
    say("end");
    `,
    );
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals([child.out, child.err], ["bye", "ConnectionDone\nend\n"]);
  }),
);

Deno.test(
  test("listenStandardIO() writes all pending data before later console.log() output", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Much extends Base {
      connectionMade() { this.transport.write(new Uint8Array(10_485_760).fill(65)); this.transport.loseConnection(); }
      connectionLost() { console.log("the last line"); reactor.stop(); }
    }
    StandardIO(new Much(), { reactor });
    await reactor.run();
    `,
    );
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.size.out, 10_485_760 + "the last line\n".length);
    assert(child.out.endsWith("AAAthe last line\n"));
  }),
);

Deno.test(
  test("listenStandardIO() loses the connection at the end of input, after pending writes", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Upper extends Base {
      dataReceived(data) { this.transport.write(text(data).toUpperCase()); }
      connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
    }
    StandardIO(new Upper(), { reactor });
    await reactor.run();
    `,
    );
    child.transport.write("all of it");
    child.transport.closeStdin();
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals([child.out, child.err], ["ALL OF IT", "lost ConnectionDone \n"]);
  }),
);

Deno.test(
  test("listenStandardIO() reports the end of input to a half-closeable protocol", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Half extends Base {
      readConnectionLost() { say("read lost"); this.transport.write("still here"); this.transport.loseWriteConnection(); }
      writeConnectionLost() { say("write lost"); }
      connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
    }
    StandardIO(new Half(), { reactor });
    await reactor.run();
    `,
    );
    child.transport.closeStdin();
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.out, "still here");
    assertEquals(child.err, "read lost\nwrite lost\nlost ConnectionDone \n");
  }),
);

Deno.test(
  test("readConnectionLost() that throws loses the connection with its error", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Buggy extends Base {
      readConnectionLost() { throw new RangeError("buggy"); }
      writeConnectionLost() {}
      connectionLost(reason) { console.log(reason.name, reason.message); reactor.stop(); }
    }
    StandardIO(new Buggy(), { reactor });
    await reactor.run();
    `,
    );
    child.transport.closeStdin();
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.out, "RangeError buggy\n");
    assert(child.err.includes("Error while calling readConnectionLost"), child.err);
  }),
);

Deno.test(
  test("writeConnectionLost() that throws loses the connection with its error", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Buggy extends Base {
      connectionMade() { this.transport.write("made"); this.transport.loseWriteConnection(); }
      readConnectionLost() {}
      writeConnectionLost() { throw new RangeError("buggy"); }
      connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
    }
    StandardIO(new Buggy(), { reactor });
    await reactor.run();
    `,
    );
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.out, "made");
    assert(child.err.includes("Error while calling writeConnectionLost"), child.err);
    assert(child.err.includes("lost RangeError"), child.err);
  }),
);

Deno.test(
  test("listenStandardIO() loses the connection with EPIPE when the reader of the output exits", async (fixture) => {
    fixture.run();
    for (const methods of ["", "readConnectionLost() {} writeConnectionLost() {}"]) {
      const child = program(
        fixture,
        `
      class Writer extends Base {
        ${methods}
        connectionMade() { this.transport.write("made"); }
        dataReceived() { this.transport.write("never read"); }
        connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
      }
      StandardIO(new Writer(), { reactor });
      await reactor.run();
      `,
        { outReceived: ({ transport }) => transport.closeStdout() },
      );
      await child.seen("out lost");
      child.transport.write("go");
      assertInstanceOf(await child.ended(), ProcessDone);
      assertEquals(child.err, "lost ConnectionLost EPIPE\n");
    }
  }),
);

Deno.test(
  test("listenStandardIO() pauses reading as a producer, and loses no byte", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Copy extends Base {
      dataReceived(data) {
        this.transport.pauseProducing();
        this.transport.write(data);
        reactor.callLater(0, () => this.transport.resumeProducing());
      }
      connectionLost() { reactor.stop(); }
    }
    StandardIO(new Copy(), { reactor });
    await reactor.run();
    `,
    );
    let written = "";
    for (let i = 0; i < 20_000; i++) written += `${i}\n`;
    child.transport.write(written);
    child.transport.closeStdin();
    assertInstanceOf(await child.ended(), ProcessDone);
    assert(child.out === written);
  }),
);

Deno.test(
  test("listenStandardIO() asks a pull producer for data as fast as it can write", async (fixture) => {
    fixture.run();
    const child = program(
      fixture,
      `
    class Produced extends Base {
      connectionMade() {
        let i = 0;
        this.transport.registerProducer({
          resumeProducing: () => {
            if (i < 1024) return this.transport.write(i++ + "\\n");
            this.transport.unregisterProducer();
            this.transport.loseConnection();
          },
          stopProducing: () => say("stopped"),
        }, false);
      }
      connectionLost() { reactor.stop(); }
    }
    StandardIO(new Produced(), { reactor });
    await reactor.run();
    `,
    );
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.out, Array.from({ length: 1024 }, (_, i) => `${i}\n`).join(""));
    assertEquals(child.err, "");
  }),
);

Deno.test(
  test("listenStandardIO() works if standard input and output are files", async (fixture) => {
    fixture.run();
    const path = temporaryFolder(fixture);
    await Deno.writeTextFile(`${path}/in`, "from a file\n".repeat(10_000));
    const child = fixture.sh(
      "",
      {},
      {
        args: [
          "-c",
          `exec "$0" eval --quiet "$1" <${path}/in >${path}/out`,
          Deno.execPath(),
          `${BEGINNING}
        class Upper extends Base {
          dataReceived(data) { this.transport.write(text(data).toUpperCase()); }
          connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
        }
        StandardIO(new Upper(), { reactor });
        await reactor.run();`,
        ],
        env: { ...Deno.env.toObject(), NO_COLOR: "1" },
        path: root,
      },
    );
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.err, "lost ConnectionDone \n");
    assert(await Deno.readTextFile(`${path}/out`) === "FROM A FILE\n".repeat(10_000));
  }),
);

Deno.test(
  test("stop() loses the connection and lets the program exit; crash() only lets it exit", async (fixture) => {
    fixture.run();
    for (const [end, expected] of [["stop", "lost ConnectionLost \nend\n"], ["crash", "end\n"]]) {
      const child = program(
        fixture,
        `
      class Stopping extends Base {
        dataReceived(data) { this.transport.write("the last"); reactor.${end}(); }
      }
      StandardIO(new Stopping(), { reactor });
      await reactor.run();
      say("end");
      `,
      );
      child.transport.write("go");
      assertInstanceOf(await child.ended(), ProcessDone);
      assertEquals(child.err, expected);
      if (end === "stop") assertEquals(child.out, "the last");
    }
  }),
);

Deno.test(
  test("listenStandardIO() neither reads nor keeps a program alive before run()", async (fixture) => {
    fixture.run();
    const child = program(fixture, `StandardIO(new Base(), { reactor }); say("end");`);
    assertInstanceOf(await child.ended(), ProcessDone);
    assertEquals(child.err, "end\n");
  }),
);

Deno.test(test("listenStandardIO() needs no permission", async (fixture) => {
  fixture.run();
  const path = temporaryFolder(fixture);
  await Deno.writeTextFile(
    `${path}/program.ts`,
    `import { reactor, Protocol } from "${new URL("../../../mod.ts", import.meta.url)}";
    import { StandardIO } from "${new URL("../../../endpoints/mod.ts", import.meta.url)}";
    class Bye extends Protocol {
      override connectionMade() { this.transport.write("bye"); this.transport.loseConnection(); }
      override connectionLost() { reactor.stop(); }
    }
    StandardIO(new Bye(), { reactor });
    await reactor.run();`,
  );
  const child = program(fixture, "", {}, {
    args: ["run", "--quiet", "--no-prompt", "--no-check", `${path}/program.ts`],
  });
  assertInstanceOf(await child.ended(), ProcessDone);
  assertEquals([child.out, child.err], ["bye", ""]);
}));

Deno.test(
  test("listenStandardIO() accepts other streams, and closes their stdin but not their stdout", async (fixture) => {
    fixture.run();
    const path = temporaryFolder(fixture);
    await Deno.writeTextFile(`${path}/in`, "from a file");
    const stdin = await Deno.open(`${path}/in`);
    using stdout = await Deno.open(`${path}/out`, { write: true, create: true });
    const factory = new Wires({ dataReceived: ({ transport }, data) => transport.write(data) });
    const port = fixture.reactor.listenStandardIO(factory, { stdin, stdout });
    const wire = await factory.wire();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.text, "from a file");
    assertThrows(() => stdin.statSync(), Deno.errors.BadResource);
    await stdout.write(new TextEncoder().encode("!"));
    assertEquals(await Deno.readTextFile(`${path}/out`), "from a file!");
    await port.stopListening();
    assertEquals(factory.events, ["start", "stop"]);
    assertThrows(
      () => port.startListening(),
      CannotListenError,
      "standard input and output: their only connection was already accepted",
    );
  }),
);

Deno.test(
  test("stopListening() before run() leaves the streams open and unread", async (fixture) => {
    const reads: Uint8Array[] = [];
    const stdin = {
      read: (buffer: Uint8Array) => Promise.resolve((reads.push(buffer), null)),
      close: () => {},
    };
    const stdout = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
    const factory = new Wires(() => new Wire());
    const port = fixture.reactor.listenStandardIO(factory, { stdin, stdout });
    await port.stopListening();
    fixture.run();
    assertEquals([reads.length, factory.built.length], [0, 0]);
    port.startListening();
    await (await factory.wire()).lost();
    assertEquals(reads.length, 1);
  }),
);

Deno.test(
  test("write() of a buffer that is transferred before it is sent loses the connection", async (fixture) => {
    fixture.run();
    const closed = Promise.withResolvers<null>();
    const stdin = { read: () => closed.promise, close: () => closed.resolve(null) };
    const written: number[] = [];
    const stdout = {
      write: (bytes: Uint8Array) => Promise.resolve(written.push(bytes.length) && bytes.length),
    };
    const factory = new Wires();
    fixture.reactor.listenStandardIO(factory, { stdin, stdout });
    const wire = await factory.wire();
    const bytes = new Uint8Array(65536);
    wire.transport.write(bytes);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    const reason = await wire.lost();
    assertInstanceOf(reason, ConnectionAborted);
    assertEquals(written, []);
  }),
);

/**
 * A program that makes one of its descriptors non-blocking, as `node:net` does with any, and exits.
 */
const MAKE_NON_BLOCKING = `
  import { Socket } from "node:net";
  const fd = Number(Deno.args[0]);
  new Socket({ fd, readable: fd === 0, writable: fd === 1 });
  setImmediate(() => Deno.exit());
`;

/** A program whose standard stream another process shares and has made non-blocking. */
function afterNonBlocking(
  fixture: ProcessFixture,
  fd: 0 | 1,
  source: string,
  behaviour: ChildBehaviour,
): Child {
  return fixture.sh("", behaviour, {
    args: [
      "-c",
      `"$0" eval --quiet "$1" ${fd}; exec "$0" eval --quiet "$2"`,
      Deno.execPath(),
      MAKE_NON_BLOCKING,
      BEGINNING + source,
    ],
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
    path: root,
  });
}

Deno.test(
  test("listenStandardIO() writes all data to an output that another process made non-blocking", async (fixture) => {
    fixture.run();
    const size = 3_000_000;
    const child = afterNonBlocking(
      fixture,
      1,
      `
    class Much extends Base {
      connectionMade() { this.transport.write(new Uint8Array(${size}).fill(65)); this.transport.loseConnection(); }
      connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
    }
    StandardIO(new Much(), { reactor });
    await reactor.run();
    `,
      {},
    );
    await child.ended();
    assertEquals([child.size.out, child.err], [size, "lost ConnectionDone \n"]);
  }),
);

Deno.test(
  test("listenStandardIO() reads an input that another process made non-blocking", async (fixture) => {
    fixture.run();
    const child = afterNonBlocking(
      fixture,
      0,
      `
    class Echo extends Base {
      connectionMade() { this.transport.write("ready"); }
      dataReceived(data) { this.transport.write(data); }
      connectionLost(reason) { super.connectionLost(reason); reactor.stop(); }
    }
    StandardIO(new Echo(), { reactor });
    await reactor.run();
    `,
      {
        outReceived: ({ transport }, data) => {
          if (new TextDecoder().decode(data) !== "ready") return;
          transport.write("steady");
          transport.closeStdin();
        },
      },
    );
    await child.ended();
    assertEquals([child.out, child.err], ["readysteady", "lost ConnectionDone \n"]);
  }),
);

Deno.test(
  test("listenStandardIO() stops retrying a full output after the close", async (fixture) => {
    fixture.run();
    let attempts = 0;
    const [again, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<null>()];
    const stdin = { read: () => closed.promise, close: () => closed.resolve(null) };
    const stdout = {
      write: () => {
        if (++attempts === 3) again.resolve();
        return Promise.reject(Object.assign(new Error("not ready"), { code: "EAGAIN" }));
      },
    };
    const factory = new Wires();
    fixture.reactor.listenStandardIO(factory, { stdin, stdout });
    const wire = await factory.wire();
    wire.transport.write("never");
    await again.promise;
    wire.transport.abortConnection();
    assertInstanceOf(await wire.lost(), ConnectionAborted);
    await closed.promise;
    const made = attempts;
    assertEquals(fixture.reactor.getDelayedCalls(), []);
    // More than the longest pause between two attempts.
    await new Promise<void>((resolve) => fixture.reactor.callLater(0.1, resolve));
    assertEquals([made, fixture.reactor.getDelayedCalls()], [attempts, []]);
  }),
);
