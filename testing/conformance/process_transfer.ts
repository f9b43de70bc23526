/**
 * What goes to child processes and comes from them.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../assertions.ts";
import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { Child, processTest, temporaryFolder } from "../fixtures/process_fixture.ts";

const MIB = 1048576;

/** Defines the tests. */
export function transferWithChildren(name: string, makeReactor: () => IReactor): void {
  const test = processTest(`${name}: processes`, makeReactor);

  test("write(), writeSequence() and writeToChild() write to the child's input, in order", async (fixture) => {
    fixture.run();
    const child = fixture.sh("cat");
    child.transport.write("hello, ");
    child.transport.writeSequence(["wor", new TextEncoder().encode("ld")]);
    child.transport.writeToChild(0, "!");
    child.transport.closeStdin();
    assertEquals((await child.ended()).exitCode, 0);
    assertEquals(child.out, "hello, world!");
  });

  test("writeToChild() on what is no pipe to write to throws, and names it", async (fixture) => {
    fixture.run();
    const child = fixture.sh("cat");
    for (const childFD of [13, 1, 2]) {
      assertThrows(
        () => child.transport.writeToChild(childFD, "x"),
        RangeError,
        `descriptor ${childFD} of the process /bin/sh (`,
      );
    }
    assertThrows(() => child.transport.write(1 as unknown as string), TypeError);
    child.transport.closeStdin();
    await child.ended();
    assertEquals(child.out, "");
  });

  test("Large writes are echoed whole", async (fixture) => {
    fixture.run();
    const piece = "1234567".repeat(1001);
    const child = fixture.sh("cat", {
      outReceived: ({ size, transport }) => {
        if (size.out === 100 * piece.length) transport.closeStdin();
      },
    });
    for (let i = 0; i < 98; i++) child.transport.write(piece);
    child.transport.writeSequence([piece, piece]);
    assertEquals((await child.ended()).exitCode, 0);
    assert(child.out === piece.repeat(100));
  });

  test("write() of a buffer that is transferred before it is sent loses the child's input, and nothing else", async (fixture) => {
    fixture.run();
    const bytes = new Uint8Array(MIB);
    const child = fixture.sh("cat >/dev/null; echo alive");
    child.transport.write(bytes);
    detach(bytes);
    await child.ended();
    assertSpoiled(child);
    assertEquals(child.out, "alive\n");
  });

  test("write() of a buffer that is transferred while it is sent loses the child's input, and nothing else", async (fixture) => {
    fixture.run();
    const bytes = new Uint8Array(MIB).fill(97);
    const child = fixture.sh("head -c 1000; cat >/dev/null; echo alive", {
      outReceived: () => {
        if (bytes.length > 0) detach(bytes);
      },
    });
    child.transport.write(bytes);
    await child.ended();
    assertSpoiled(child);
    assertEquals(child.out.slice(1000), "alive\n");
  });

  test("10 MiB that a child writes on each pipe just before it exits arrive whole, and then processEnded()", async (fixture) => {
    fixture.run();
    const child = fixture.sh(
      `head -c ${10 * MIB} /dev/zero >&2 & head -c ${10 * MIB} /dev/zero; wait`,
    );
    await child.ended();
    assertEquals(child.size, { out: 10 * MIB, err: 10 * MIB });
    assertEquals(child.events.at(-1), "ended");
  });

  test("A chunk is the protocol's to keep: what comes later does not change it", async (fixture) => {
    fixture.run();
    const child = fixture.sh("cat", {
      outReceived: ({ chunks, transport }) => {
        if (chunks.out.length === 1) transport.write("second");
        else transport.closeStdin();
      },
    });
    child.transport.write("first");
    await child.ended();
    assertEquals(child.out, "firstsecond");
  });

  test("25 children at a time each get and give what is theirs", async (fixture) => {
    fixture.run();
    const children = Array.from({ length: 25 }, (_, i) => {
      const child = fixture.sh("read line; echo $line; echo $line >&2; cat; exit 23");
      child.transport.write(`child ${i}\n`);
      child.transport.write(`${i}`.repeat(5000));
      child.transport.closeStdin();
      return child;
    });
    for (const [i, child] of children.entries()) {
      assertEquals((await child.ended()).exitCode, 23);
      assertEquals([child.out, child.err], [`child ${i}\n${`${i}`.repeat(5000)}`, `child ${i}\n`]);
    }
  });

  test("Each step of a conversation is heard: output ends, then errors, then input", async (fixture) => {
    fixture.run();
    const child = fixture.sh(
      "read a; printf %s $a; exec >&-; read b; printf %s $b >&2; exec 2>&-; read c; exit 23",
    );
    child.transport.write("abcd\n");
    await child.seen("out lost");
    assertEquals(child.out, "abcd");
    child.transport.write("1234\n");
    await child.seen("err lost");
    assertEquals(child.err, "1234");
    child.transport.write("abcd\n");
    assertEquals((await child.ended()).exitCode, 23);
    assertEquals(child.events, [
      "made",
      "out",
      "out lost",
      "err",
      "err lost",
      "exited",
      "in lost",
      "ended",
    ]);
  });

  test("A protocol that has paused holds its child up; resumed, it gets all", async (fixture) => {
    fixture.run();
    const paused = fixture.sh(`head -c ${MIB} /dev/zero`, {
      connectionMade: ({ transport }) => transport.pauseProducing(),
    });
    // Another one that writes as much has all the time that it takes.
    const other = fixture.sh(`head -c ${MIB} /dev/zero`);
    await other.ended();
    assertEquals(paused.events, ["made"]);
    assert(paused.transport.pid !== null);
    paused.transport.resumeProducing();
    await paused.ended();
    assertEquals(paused.size.out, MIB);
  });

  test("pauseProducing() and resumeProducing() at once change nothing", async (fixture) => {
    fixture.run();
    const child = fixture.sh("echo out; echo err >&2");
    child.transport.pauseProducing();
    child.transport.resumeProducing();
    await child.ended();
    assertEquals([child.out, child.err], ["out\n", "err\n"]);
  });

  test("A child that does not read pauses the producer of its input, and one that reads on resumes it", async (fixture) => {
    fixture.run();
    const path = temporaryFolder(fixture);
    // It reads when somebody writes to a named pipe.
    const child = fixture.sh("mkfifo go; echo ready; read line <go; wc -c", {}, { path });
    const piece = new Uint8Array(65536);
    const events: string[] = [];
    const paused = Promise.withResolvers<void>();
    let written = 0;
    const produce = (): void => {
      while (events.at(-1) !== "pause" && written < 4 * MIB) {
        written += piece.length;
        child.transport.write(piece);
      }
      if (written < 4 * MIB) return;
      child.transport.unregisterProducer();
      child.transport.closeStdin();
    };
    child.transport.registerProducer({
      pauseProducing: () => {
        events.push("pause");
        paused.resolve();
      },
      resumeProducing: () => {
        events.push("resume");
        produce();
      },
      stopProducing: () => events.push("stop"),
    }, true);
    produce();
    await child.said("ready");
    await paused.promise;
    assert(written < MIB, `${written} bytes were written`);
    await Deno.writeTextFile(`${path}/go`, "\n");
    await child.ended();
    assertEquals(child.out, `ready\n${4 * MIB}\n`);
    assertEquals(events.slice(0, 2), ["pause", "resume"]);
    assertEquals(events.includes("stop"), false);
  });

  test("A producer for an input that is no pipe, or is closed, is stopped", async (fixture) => {
    fixture.run();
    const without = fixture.sh("exit 0", {}, { childFDs: { 1: "r" } });
    const child = fixture.sh("cat");
    child.transport.closeStdin();
    await child.ended();
    for (const { transport } of [without, child]) {
      let stops = 0;
      transport.registerProducer(
        { resumeProducing: () => {}, stopProducing: () => stops++ },
        false,
      );
      assertEquals(stops, 1);
      transport.unregisterProducer();
    }
    await without.ended();
  });

  test("A producer is stopped when its child exits", async (fixture) => {
    fixture.run();
    const child = new Child();
    const stopped = Promise.withResolvers<void>();
    fixture.spawn("/bin/sh", child, { args: ["-c", "exec cat"] });
    child.transport.registerProducer({
      pauseProducing: () => {},
      resumeProducing: () => {},
      stopProducing: () => stopped.resolve(),
    }, true);
    child.transport.signalProcess("TERM");
    await stopped.promise;
    await child.ended();
  });
}

function detach(bytes: Uint8Array<ArrayBuffer>): void {
  structuredClone(bytes, { transfer: [bytes.buffer] });
}

function assertSpoiled(child: Child): void {
  const { message } = child.reasons["in lost"] ?? {};
  assert(message?.includes("a write was detached (transferred) or shrunk"), message);
}
