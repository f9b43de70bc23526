/**
 * Input and output of child processes.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../assertions.ts";
import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { Child, processTest, temporaryFolder } from "../fixtures/process_fixture.ts";

const MIB = 1048576;

/** Defines the tests of input and output. */
export function transferWithChildren(name: string, makeReactor: () => IReactor): void {
  const test = processTest(`${name}: processes`, makeReactor);

  Deno.test(
    test("write(), writeSequence() and writeToChild() write to the input, in order", async (fixture) => {
      fixture.run();
      const child = fixture.sh("cat");
      child.transport.write("hello, ");
      child.transport.writeSequence(["wor", new TextEncoder().encode("ld")]);
      child.transport.writeToChild(0, "!");
      child.transport.closeStdin();
      assertEquals((await child.ended()).exitCode, 0);
      assertEquals(child.out, "hello, world!");
      const { bytesReceived, bytesSent, bytesUnsent } = child.transport.stats();
      assertEquals([bytesReceived, bytesSent, bytesUnsent], [13, 13, 0]);
    }),
  );

  Deno.test(
    test("writeToChild() throws for a descriptor that is not a writable pipe, and names it", async (fixture) => {
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
    }),
  );

  Deno.test(test("write() and outReceived() transfer large data intact", async (fixture) => {
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
  }));

  Deno.test(
    test("write() closes only the input if its buffer is transferred before it is sent", async (fixture) => {
      fixture.run();
      const bytes = new Uint8Array(MIB);
      const child = fixture.sh("cat >/dev/null; echo alive");
      child.transport.write(bytes);
      detach(bytes);
      await child.ended();
      assertSpoiled(child);
      assertEquals(child.out, "alive\n");
    }),
  );

  Deno.test(
    test("write() closes only the input if its buffer is transferred while it is sent", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("processEnded() comes after 10 MiB that the child wrote on each pipe before its exit", async (fixture) => {
      fixture.run();
      const child = fixture.sh(
        `head -c ${10 * MIB} /dev/zero >&2 & head -c ${10 * MIB} /dev/zero; wait`,
      );
      await child.ended();
      assertEquals(child.size, { out: 10 * MIB, err: 10 * MIB });
      assertEquals(child.events.at(-1), "ended");
    }),
  );

  Deno.test(
    test("outReceived() passes chunks that later data does not overwrite", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("spawnProcess() keeps the data of 25 simultaneous children apart", async (fixture) => {
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
        assertEquals([child.out, child.err], [
          `child ${i}\n${`${i}`.repeat(5000)}`,
          `child ${i}\n`,
        ]);
      }
    }),
  );

  Deno.test(
    test("outConnectionLost(), errConnectionLost() and inConnectionLost() come in order", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("pauseProducing() stops the child's output; resumeProducing() loses nothing", async (fixture) => {
      fixture.run();
      const paused = fixture.sh(`head -c ${MIB} /dev/zero`, {
        connectionMade: ({ transport }) => transport.pauseProducing(),
      });
      // Another child that writes as much takes its time.
      const other = fixture.sh(`head -c ${MIB} /dev/zero`);
      await other.ended();
      assertEquals(paused.events, ["made"]);
      assert(paused.transport.pid !== null);
      paused.transport.resumeProducing();
      await paused.ended();
      assertEquals(paused.size.out, MIB);
    }),
  );

  Deno.test(
    test("pauseProducing() followed by resumeProducing() loses nothing", async (fixture) => {
      fixture.run();
      const child = fixture.sh("echo out; echo err >&2");
      child.transport.pauseProducing();
      child.transport.resumeProducing();
      await child.ended();
      assertEquals([child.out, child.err], ["out\n", "err\n"]);
    }),
  );

  Deno.test(
    test("registerProducer() pauses the producer while the child does not read", async (fixture) => {
      fixture.run();
      const path = temporaryFolder(fixture);
      // The child reads once a line is written to a named pipe.
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
    }),
  );

  Deno.test(
    test("registerProducer() stops a producer if the input is closed or not a pipe", async (fixture) => {
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
    }),
  );

  Deno.test(test("registerProducer() stops the producer when the child exits", async (fixture) => {
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
  }));
}

function detach(bytes: Uint8Array<ArrayBuffer>): void {
  structuredClone(bytes, { transfer: [bytes.buffer] });
}

function assertSpoiled(child: Child): void {
  const { message } = child.reasons["in lost"] ?? {};
  assert(message?.includes("a write was detached (transferred) or shrunk"), message);
}
