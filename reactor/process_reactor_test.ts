// Each test runs in a process of its own, because a process has only one reactor. In Twisted,
// `internet/test/test_main.py` tests `installReactor`. Its tests of `sys.modules` do not apply,
// because the installed reactor is the live binding of a module here.

import { assertEquals } from "@std/assert";
import { runProgram } from "../testing/fixtures/program.ts";

/**
 * Runs a program that has imported the library.
 *
 * @returns The lines that the program printed.
 */
async function linesOf(source: string): Promise<string[]> {
  const { code, lines, errors } = await runProgram(`
    import * as torsion from "@torsion/reactor";
    import { DenoReactor, reactor } from "@torsion/reactor";
    import { installReactor } from "@torsion/reactor/reactor";
    const attempt = (f) => {
      try {
        f();
        console.log("done");
      } catch (error) {
        console.log(error.name);
      }
    };
    ${source}
  `);
  assertEquals([code, errors], [0, ""]);
  return lines;
}

Deno.test("reactor is a DenoReactor until installReactor() replaces it", async () => {
  const lines = await linesOf(`console.log(reactor instanceof DenoReactor, reactor.used);`);
  assertEquals(lines, ["true false"]);
});

Deno.test("installReactor() replaces `reactor` for every importer", async () => {
  const lines = await linesOf(`
    const mine = new DenoReactor();
    installReactor(mine);
    console.log(reactor === mine, torsion.reactor === mine);
    reactor.callWhenRunning(() => {
      console.log(mine.running);
      mine.stop();
    });
    await reactor.run();
  `);
  assertEquals(lines, ["true true", "true"]);
});

Deno.test("installReactor() may be called again until the installed reactor is used", async () => {
  const lines = await linesOf(`
    const [first, second] = [new DenoReactor(), new DenoReactor()];
    attempt(() => installReactor(first));
    attempt(() => installReactor(second));
    console.log(reactor === second);
    reactor.callLater(0, () => {});
    attempt(() => installReactor(first));
    console.log(reactor === second);
  `);
  assertEquals(lines, ["done", "done", "true", "ReactorAlreadyInstalledError", "true"]);
});

for (
  const use of [
    "reactor.callLater(0, () => {})",
    "reactor.callWhenRunning(() => {})",
    "reactor.addSystemEventTrigger('before', 'startup', () => {})",
    "reactor.fireSystemEvent('Event1')",
    "reactor.addSignalHandler('SIGHUP', () => {})",
    "reactor.callFromThread(() => {})",
    "reactor.listenTCP(0, new torsion.Factory(), { interface: '127.0.0.1' })",
    "reactor.listenUDP(0, new torsion.DatagramProtocol(), { interface: '127.0.0.1' })",
    "{ const running = reactor.run(); reactor.stop(); await running; }",
  ]
) {
  Deno.test(`installReactor() throws after ${use}`, async () => {
    const lines = await linesOf(`
      ${use};
      attempt(() => installReactor(new DenoReactor()));
      console.log(reactor.used);
    `);
    assertEquals(lines, ["ReactorAlreadyInstalledError", "true"]);
  });
}

Deno.test("installReactor() works after a program has only read the reactor's state", async () => {
  const lines = await linesOf(`
    reactor.running, reactor.seconds(), reactor.getDelayedCalls();
    attempt(() => reactor.stop());
    attempt(() => installReactor(new DenoReactor()));
  `);
  assertEquals(lines, ["ReactorNotRunning", "done"]);
});
