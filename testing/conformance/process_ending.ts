/**
 * The exit of child processes, by themselves, by a signal or with the reactor, and the close of
 * their pipes.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "../assertions.ts";
import {
  ConnectionDone,
  ConnectionLost,
  ProcessDone,
  ProcessExitedAlready,
  ProcessTerminated,
} from "../../reactor/errors.ts";
import type { IReactor, ProcessSignal } from "../../reactor/interfaces/mod.ts";
import { Child, isThere, processTest, temporaryFolder } from "../fixtures/process_fixture.ts";

/** A command that reports that it is ready, and waits for the end of its input. */
const WAITING = "echo ready; exec cat >/dev/null";

/** Defines the tests of exits. */
export function endingChildren(name: string, makeReactor: () => IReactor): void {
  const test = processTest(`${name}: processes`, makeReactor);

  Deno.test(
    test("processEnded() receives ProcessDone for exit code 0, and else ProcessTerminated", async (fixture) => {
      fixture.run();
      const done = fixture.sh("exit 0");
      const failed = fixture.sh("exit 1");
      assertInstanceOf(await done.ended(), ProcessDone);
      const { exitCode, signal, status, message } = await failed.ended();
      assertInstanceOf(failed.reasons.ended, ProcessTerminated);
      assertEquals([exitCode, signal, status], [1, null, 1]);
      assertEquals(message, `Process ${failed.transport.getPeer()} exited with code 1`);
      assert(failed.reasons.exited === failed.reasons.ended);
      assert(failed.events.indexOf("exited") < failed.events.indexOf("ended"));
    }),
  );

  const signals: [ProcessSignal, string, number][] = [
    ["HUP", "SIGHUP", 1],
    ["INT", "SIGINT", 2],
    ["KILL", "SIGKILL", 9],
    ["TERM", "SIGTERM", 15],
    ["SIGUSR1", "SIGUSR1", 10],
    [12, "SIGUSR2", 12],
  ];
  for (const [sent, signal, number] of signals) {
    Deno.test(
      test(`signalProcess(${JSON.stringify(sent)}) ends a child by ${signal}, as the reason says`, async (fixture) => {
        fixture.run();
        const child = fixture.sh(WAITING, {
          outReceived: ({ transport }) => transport.signalProcess(sent),
        });
        const { exitCode, ...reason } = await child.ended();
        assertInstanceOf(child.reasons.ended, ProcessTerminated);
        assertEquals([exitCode, reason.signal, reason.status], [null, signal, 128 + number]);
        assertEquals(
          child.reasons.ended.message,
          `Process ${child.transport.getPeer()} was terminated by ${signal}`,
        );
      }),
    );
  }

  Deno.test(
    test("signalProcess() leaves the exit to a child that handles the signal", async (fixture) => {
      fixture.run();
      const child = fixture.sh("trap 'exit 42' TERM; echo ready; read line", {
        outReceived: ({ transport }) => {
          transport.signalProcess("TERM");
          transport.closeStdin();
        },
      });
      const { exitCode, signal } = await child.ended();
      assertEquals([exitCode, signal], [42, null]);
    }),
  );

  Deno.test(
    test("signalProcess() suspends a child with STOP, and resumes it with SIGCONT", async (fixture) => {
      fixture.run();
      const [stopped, other] = [fixture.sh("exec cat"), fixture.sh("exec cat")];
      for (const { transport } of [stopped, other]) transport.write("here");
      await Promise.all([stopped.said("here"), other.said("here")]);
      stopped.transport.signalProcess("STOP");
      for (const { transport } of [stopped, other]) transport.write(" still");
      await other.said("still");
      assertEquals(stopped.out, "here");
      stopped.transport.signalProcess("SIGCONT");
      await stopped.said("still");
    }),
  );

  Deno.test(
    test("spawnProcess() starts children that neither ignore SIGPIPE nor block signals", async (fixture) => {
      fixture.run();
      const child = fixture.sh("exec grep -E '^Sig(Ign|Blk)' /proc/self/status");
      await child.ended();
      const [blocked, ignored] =
        child.out.match(/[0-9a-f]{16}$/gm)?.map((mask) => parseInt(mask.slice(8), 16)) ?? [];
      assert(blocked !== undefined && ignored !== undefined, child.out);
      // The first 31 bits are signals; further bits belong to the C library. Other ignored signals
      // come from the program that started this process.
      assertEquals([blocked & 0x7fffffff, ignored & 1 << 12], [0, 0], child.out);
    }),
  );

  Deno.test(test("signalProcess() throws a TypeError for an unknown signal", async (fixture) => {
    fixture.run();
    const child = fixture.sh("cat");
    for (const signal of ["NONE", "SIGNONE", 99]) {
      // A signal that the types reject.
      assertThrows(() => child.transport.signalProcess(signal as ProcessSignal), TypeError);
    }
    child.transport.closeStdin();
    assertInstanceOf(await child.ended(), ProcessDone);
  }));

  Deno.test(test("signalProcess() throws ProcessExitedAlready after the exit", async (fixture) => {
    fixture.run();
    const seen: unknown[] = [];
    const look = ({ transport }: Child): void => {
      seen.push(transport.pid);
      assertThrows(
        () => transport.signalProcess("INT"),
        ProcessExitedAlready,
        `the process ${transport.getPeer()}`,
      );
      transport.write("x");
      transport.writeSequence(["x"]);
      transport.writeToChild(0, "x");
      transport.loseConnection();
      transport.pauseProducing();
      transport.resumeProducing();
    };
    const child = fixture.sh("exit 0", { processExited: look, processEnded: look });
    await child.ended();
    look(child);
    assertEquals(seen, [null, null, null]);
  }));

  Deno.test(test("spawnProcess() leaves no zombie", async (fixture) => {
    fixture.run();
    const pids: (number | null)[] = [];
    const children = Array.from(
      { length: 5 },
      () => fixture.sh("exit 0", { processExited: () => pids.push(...left()) }),
    );
    const left = (): (number | null)[] =>
      children.filter(({ events, transport }) =>
        events.includes("exited") && isThere(transport.pid)
      )
        .map(({ transport }) => transport.pid);
    const all = children.map(({ transport }) => transport.pid);
    for (const child of children) await child.ended();
    assertEquals(pids, []);
    assertEquals(all.filter(isThere), []);
  }));

  Deno.test(
    test("outConnectionLost() reports a closed output of a child that continues", async (fixture) => {
      fixture.run();
      const child = fixture.sh("exec >&-; read line; echo $line >&2");
      await child.seen("out lost");
      assertInstanceOf(child.reasons["out lost"], ConnectionDone);
      assert(child.transport.pid !== null);
      child.transport.write("still here\n");
      assertInstanceOf(await child.ended(), ProcessDone);
      assertEquals(child.err, "still here\n");
    }),
  );

  Deno.test(
    test("inConnectionLost() reports EPIPE when a write finds the input closed", async (fixture) => {
      fixture.run();
      const child = fixture.sh("exec <&-; echo closed; kill -STOP $$; echo end >&2");
      await child.said("closed");
      assertEquals(child.events.includes("in lost"), false);
      child.transport.write("never read");
      await child.seen("in lost");
      const reason = child.reasons["in lost"];
      assertInstanceOf(reason, ConnectionLost);
      assertEquals([reason.code, reason.syscall], ["EPIPE", "write"]);
      child.transport.write("nor this");
      child.transport.signalProcess("KILL");
      await child.ended();
      assertEquals(child.events.filter((event) => event === "in lost").length, 1);
    }),
  );

  for (const fd of [1, 2]) {
    Deno.test(
      test(`closeChildFD(${fd}) ends a child that continues to write by SIGPIPE`, async (fixture) => {
        fixture.run();
        const child = fixture.sh(`exec yes >&${fd}`, {
          outReceived: ({ transport }) => transport.closeStdout(),
          errReceived: ({ transport }) => transport.closeStderr(),
        });
        assertEquals((await child.ended()).signal, "SIGPIPE");
        assertInstanceOf(child.reasons[fd === 1 ? "out lost" : "err lost"], ConnectionDone);
      }),
    );
  }

  Deno.test(test("closeStdin() sends pending writes first", async (fixture) => {
    fixture.run();
    const child = fixture.sh("wc -c");
    child.transport.write(new Uint8Array(1_000_000));
    child.transport.closeStdin();
    child.transport.closeStdin();
    await child.ended();
    assertEquals(child.out.trim(), "1000000");
  }));

  Deno.test(
    test("loseConnection() closes all three pipes, whether or not the child exits", async (fixture) => {
      fixture.run();
      const first = fixture.sh(WAITING);
      const second = fixture.sh(WAITING);
      await Promise.all([first.said("ready"), second.said("ready")]);
      first.transport.loseConnection();
      assertInstanceOf(await first.ended(), ProcessDone);
      assertEquals(first.events.slice(0, 2), ["made", "out"]);
      assertEquals(first.events.slice(2, 5).toSorted(), ["err lost", "in lost", "out lost"]);
      assert(second.transport.pid !== null);
      second.transport.signalProcess("KILL");
      assertEquals((await second.ended()).signal, "SIGKILL");
    }),
  );

  Deno.test(
    test("processEnded() waits until all pipes are closed; processExited() does not", async (fixture) => {
      fixture.run();
      // The process that stays in the background reads the same input, and exits with it.
      const child = fixture.sh("exec 3<&0; cat <&3 >/dev/null & echo here; exit 0");
      await child.seen("exited");
      assertEquals(child.events.includes("ended"), false);
      assertInstanceOf(await child.ended(), ProcessDone);
    }),
  );

  Deno.test(
    test("processEnded() waits for inherited pipes; loseConnection() ends the wait", async (fixture) => {
      fixture.run();
      const child = fixture.sh("sh -c 'kill -STOP $$' & echo $!");
      await child.seen("exited");
      await child.said("\n");
      fixture.after(() => Deno.kill(Number(child.out), "SIGKILL"));
      assertEquals(child.events.filter((event) => event.startsWith("out l")), []);
      child.transport.loseConnection();
      assertInstanceOf(await child.ended(), ProcessDone);
    }),
  );

  Deno.test(
    test("ProcessProtocol errors are logged; one in outReceived() closes only that pipe", async (fixture) => {
      fixture.run();
      const thrown: Error[] = [];
      const fail = (where: string) => (): never => {
        const error = new Error(where);
        thrown.push(error);
        throw error;
      };
      const child = fixture.sh("echo out; read line; echo err >&2", {
        connectionMade: fail("connectionMade"),
        outReceived: fail("outReceived"),
        outConnectionLost: ({ transport }) => {
          transport.write("continue\n");
          fail("outConnectionLost")();
        },
        processExited: fail("processExited"),
        processEnded: fail("processEnded"),
      });
      await child.ended();
      assertEquals(child.err, "err\n");
      assertEquals(fixture.errors.take(), thrown);
      assertEquals(thrown.length, 5);
      assert(child.reasons["out lost"] === thrown[1]);
    }),
  );

  Deno.test(test("ProcessProtocol rejections are logged", async (fixture) => {
    fixture.run();
    const error = new Error("rejected");
    const child = fixture.sh("exit 0", { processEnded: () => Promise.reject(error) });
    await child.ended();
    await Promise.resolve();
    assertEquals(fixture.errors.take(), [error]);
  }));

  Deno.test(test("stop() closes the pipes, and leaves the child running", async (fixture) => {
    fixture.run();
    const path = temporaryFolder(fixture);
    const child = fixture.sh("cat; cat end >&2; echo over >over", {}, { path });
    child.transport.write("x");
    await child.said("x");
    await fixture.stop();
    assertEquals(child.events.slice(0, 2), ["made", "out"]);
    assertEquals(child.events.slice(2).toSorted(), ["err lost", "in lost", "out lost"]);
    assertInstanceOf(child.reasons["in lost"], ConnectionLost);
    await child.ended();
    assertEquals(await Deno.readTextFile(`${path}/over`), "over\n");
  }));

  Deno.test(
    test("stop() does not wait for a child that does not read its input", async (fixture) => {
      fixture.run();
      const child = fixture.sh("echo ready; kill -STOP $$");
      await child.said("ready");
      child.transport.write(new Uint8Array(1_000_000));
      await fixture.stop();
      assertInstanceOf(child.reasons["in lost"], ConnectionLost);
      assertEquals(child.events.includes("exited"), false);
    }),
  );

  Deno.test(test("spawnProcess() during the shutdown leaves the child running", async (fixture) => {
    const child = new Child();
    fixture.reactor.addSystemEventTrigger("during", "shutdown", () => {
      fixture.reactor.spawnProcess(child, "/bin/sh", { args: ["-c", "cat"] });
    });
    fixture.run();
    await fixture.stop();
    assertEquals(child.events.toSorted(), ["err lost", "in lost", "made", "out lost"]);
    await child.ended();
  }));
}
