// The life of a DenoReactor in real processes: what holds one open, what ends it, and with which
// exit code.
//
// Of Twisted's tests, `internet/test/test_core.py` tests signal handlers with Python's `signal`
// patched; `test/test_process.py` and `test_application.py` end processes with signals as here.
// Twisted ends its process with the signal that stopped it; here the signal was handled, and the
// process ends with code 0.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Program, type ProgramEnd, runProgram } from "../../../testing/fixtures/program.ts";

/** What each program begins with. It logs to its output, without the times. */
const BEGINNING = `
  import { DenoReactor, Factory, Protocol } from "@torsion/reactor";
  import { addObserver } from "@torsion/reactor/log";
  addObserver(({ message, failure }) => console.log(failure?.message ?? message));
  const reactor = new DenoReactor();
  const running = () => reactor.callWhenRunning(console.log, "running");
`;

/** Starts a program, and sends it signals when it says so. */
async function signalled(
  source: string,
  ...signals: [after: string, signal: Deno.Signal][]
): Promise<ProgramEnd> {
  await using program = Program.evaluate(BEGINNING + source);
  for (const [after, signal] of signals) {
    await program.line(after);
    program.send(signal);
  }
  return await program.end();
}

Deno.test("run() holds the process with nothing to do, and stop() lets it end by itself with code 0", async () => {
  const { code, signal, lines, errors } = await signalled(
    `
    running();
    // Holds nothing itself: this signal is all that can come.
    reactor.addSignalHandler("SIGUSR1", () => reactor.stop());
    await reactor.run();
    console.log("end");
    `,
    ["running", "SIGUSR1"],
  );
  assertEquals({ code, signal, errors }, { code: 0, signal: null, errors: "" });
  assertEquals(lines, ["running", "Main loop terminated.", "end"]);
});

Deno.test("A process whose reactor waits only for a far call ends once it is stopped", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}
    reactor.callLater(1e9, console.log, "never");
    reactor.callLater(0, () => reactor.stop());
    await reactor.run();
    console.log("end");
  `);
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines, ["Main loop terminated.", "end"]);
});

Deno.test("A reactor that is not run holds no process, whatever it was asked for", async () => {
  const { code, lines } = await runProgram(`${BEGINNING}
    reactor.callLater(1e9, console.log, "never");
    reactor.addSignalHandler("SIGHUP", console.log);
    running();
    console.log("end");
  `);
  assertEquals([code, lines], [0, ["end"]]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} stops the reactor: exit code 0, and both lines in the log`, async () => {
    const ended = await signalled("running(); await reactor.run();", ["running", signal]);
    assertEquals(ended, {
      code: 0,
      signal: null,
      lines: ["running", `Received ${signal}, shutting down.`, "Main loop terminated."],
      errors: "",
    });
  });

  Deno.test(`A user's handler of ${signal} takes the place of the default one, and gets its name`, async () => {
    const { code, lines } = await signalled(
      `
      running();
      reactor.addSignalHandler("${signal}", (signal) => {
        console.log("handled " + signal);
        reactor.stop();
      });
      await reactor.run();
      `,
      ["running", signal],
    );
    assertEquals([code, lines], [0, ["running", `handled ${signal}`, "Main loop terminated."]]);
  });

  Deno.test(`With installSignalHandlers: false, ${signal} ends the process as it does any other`, async () => {
    const ended = await signalled(
      "running(); await reactor.run({ installSignalHandlers: false });",
      ["running", signal],
    );
    assertEquals([ended.signal, ended.lines], [signal, ["running"]]);
  });

  Deno.test(`A second ${signal} ends a shutdown whose before trigger hangs`, async () => {
    const { code, lines } = await signalled(
      `
      running();
      reactor.addSystemEventTrigger("before", "shutdown", () => {
        console.log("hanging");
        return new Promise(() => {});
      });
      reactor.addSystemEventTrigger("during", "shutdown", console.log, "during shutdown");
      await reactor.run();
      `,
      ["running", signal],
      ["hanging", signal],
    );
    assertEquals([code, lines.slice(-2)], [0, ["during shutdown", "Main loop terminated."]]);
  });

  Deno.test(`After the stop nothing listens to ${signal} any more: the next one ends the process`, async () => {
    const ended = await signalled(
      `
      reactor.callWhenRunning(() => reactor.stop());
      reactor.addSignalHandler("${signal}", console.log);
      await reactor.run();
      setTimeout(() => {}, 2 ** 31 - 1);
      console.log("stopped");
      `,
      ["stopped", signal],
    );
    assertEquals([ended.signal, ended.lines], [signal, ["Main loop terminated.", "stopped"]]);
  });
}

Deno.test("installSignalHandlers: false leaves the handlers that the user added", async () => {
  const { code, lines } = await signalled(
    `
    running();
    reactor.addSignalHandler("SIGINT", () => reactor.stop());
    await reactor.run({ installSignalHandlers: false });
    `,
    ["running", "SIGINT"],
  );
  assertEquals([code, lines], [0, ["running", "Main loop terminated."]]);
});

Deno.test("A signal that cannot be handled is refused with a TypeError that names it", async () => {
  const { code, lines } = await runProgram(`${BEGINNING}
    for (const signal of ["SIGKILL", "SIGSTOP", "SIGNONE"]) {
      try {
        reactor.addSignalHandler(signal, () => {});
      } catch (error) {
        console.log(error.name + ": " + error.message);
      }
    }
  `);
  assertEquals(code, 0);
  assertEquals(
    lines,
    ["SIGKILL", "SIGSTOP", "SIGNONE"].map((signal) =>
      `TypeError: Cannot handle the signal "${signal}" on this system`
    ),
  );
});

/**
 * A server with one client, connected to each other. It says when it is `connected`, and when
 * `lost`.
 */
const CONNECTED = `
  class Server extends Protocol {
    connectionMade() { console.log("connected"); connected?.(); }
    connectionLost() { console.log("lost"); }
  }
  let connected;
  const port = reactor.listenTCP(0, Factory.forProtocol(Server), { interface: "127.0.0.1" });
`;

Deno.test("stop() closes what is open: each connection is lost before run() settles, and the process ends", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}${CONNECTED}
    connected = () => reactor.stop();
    const stopped = reactor.run();
    const client = await Deno.connect({ hostname: "127.0.0.1", port: port.getHost().port });
    await stopped;
    console.log("end");
    client.close();
  `);
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.filter((line) => /^(connected|lost|end)$/.test(line)), [
    "connected",
    "lost",
    "end",
  ]);
});

Deno.test("crash() lets the process end although a port and connections are open", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}${CONNECTED}
    connected = () => reactor.crash();
    const crashed = reactor.run();
    const client = await Deno.connect({ hostname: "127.0.0.1", port: port.getHost().port });
    await crashed;
    console.log("end");
  `);
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.filter((line) => /^(connected|lost|end)$/.test(line)), ["connected", "end"]);
});

Deno.test("An error in user code does not end the process; one of run() that nobody handles does", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}
    reactor.callWhenRunning(() => { throw new Error("thrown"); });
    reactor.callWhenRunning(async () => { throw new Error("rejected"); });
    reactor.callLater(0, () => reactor.stop());
    await reactor.run();
    await reactor.run();
  `);
  assertEquals([code, lines], [1, ["thrown", "rejected", "Main loop terminated."]]);
  assertStringIncludes(errors, "ReactorNotRestartable");
});
