// The life of a DenoReactor in real processes: how long it keeps one alive, what stops it, and the
// exit code.
//
// Of Twisted's tests, `internet/test/test_core.py` tests signal handlers with a patched `signal`
// module; `test/test_process.py` and `test_application.py` stop processes with signals as here.
// Twisted exits by the signal that stopped the reactor. Here the signal counts as handled, and the
// process exits with code 0.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Program, type ProgramEnd, runProgram } from "../../../testing/fixtures/program.ts";

/** The beginning of each program. It logs to standard output, without times. */
const BEGINNING = `
  import { DenoReactor, Factory, Protocol } from "@torsion/reactor";
  import { addObserver } from "@torsion/reactor/log";
  addObserver(({ message, failure }) => console.log(failure?.message ?? message));
  const reactor = new DenoReactor();
  const running = () => reactor.callWhenRunning(console.log, "running");
`;

/** Runs a program, and sends each signal after a given line of its output. */
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

Deno.test("run() keeps an idle process alive, and stop() lets it exit with code 0", async () => {
  const { code, signal, lines, errors } = await signalled(
    `
    running();
    // A signal handler does not keep the process alive, so run() does.
    reactor.addSignalHandler("SIGUSR1", () => reactor.stop());
    await reactor.run();
    console.log("end");
    `,
    ["running", "SIGUSR1"],
  );
  assertEquals({ code, signal, errors }, { code: 0, signal: null, errors: "" });
  assertEquals(lines, ["running", "Main loop terminated.", "end"]);
});

Deno.test("stop() lets a process exit while a call is scheduled for the distant future", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}
    reactor.callLater(1e9, console.log, "never");
    reactor.callLater(0, () => reactor.stop());
    await reactor.run();
    console.log("end");
  `);
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines, ["Main loop terminated.", "end"]);
});

Deno.test("DenoReactor with scheduled calls does not keep a process alive before run()", async () => {
  const { code, lines } = await runProgram(`${BEGINNING}
    reactor.callLater(1e9, console.log, "never");
    reactor.addSignalHandler("SIGHUP", console.log);
    running();
    console.log("end");
  `);
  assertEquals([code, lines], [0, ["end"]]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`DenoReactor stops on ${signal} with exit code 0, and logs it`, async () => {
    const ended = await signalled("running(); await reactor.run();", ["running", signal]);
    assertEquals(ended, {
      code: 0,
      signal: null,
      lines: ["running", `Received ${signal}, shutting down.`, "Main loop terminated."],
      errors: "",
    });
  });

  Deno.test(`addSignalHandler() replaces the default handler of ${signal}, and passes its name`, async () => {
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

  Deno.test(`run() with installSignalHandlers: false lets ${signal} kill the process`, async () => {
    const ended = await signalled(
      "running(); await reactor.run({ installSignalHandlers: false });",
      ["running", signal],
    );
    assertEquals([ended.signal, ended.lines], [signal, ["running"]]);
  });

  Deno.test(`DenoReactor skips a hanging before-shutdown trigger on a second ${signal}`, async () => {
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

  Deno.test(`stop() removes the handler of ${signal}, so that the next one kills the process`, async () => {
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

Deno.test("run() with installSignalHandlers: false keeps the application's signal handlers", async () => {
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

Deno.test("addSignalHandler() throws a TypeError that names an unsupported signal", async () => {
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
      `TypeError: Cannot handle the signal "${signal}": this operating system does not support it`
    ),
  );
});

/** A server whose protocol prints `connected` and `lost`. */
const CONNECTED = `
  class Server extends Protocol {
    connectionMade() { console.log("connected"); connected?.(); }
    connectionLost() { console.log("lost"); }
  }
  let connected;
  const port = reactor.listenTCP(0, Factory.forProtocol(Server), { interface: "127.0.0.1" });
`;

Deno.test("stop() loses all connections before run() settles, and lets the process exit", async () => {
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

Deno.test("crash() lets the process exit with an open port and open connections", async () => {
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

Deno.test("DenoReactor survives errors in user code; a rejection of run() exits with 1", async () => {
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
