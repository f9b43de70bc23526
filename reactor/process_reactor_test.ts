// The process's reactor is tested in processes of its own. Of Twisted's tests, `internet/test/test_main.py` is about `installReactor`; what it
// does with `sys.modules` does not apply: here the module's live binding is the place of the installed reactor.

import { assertEquals } from "@std/assert";
import { runProgram } from "../testing/fixtures/program.ts";

/** Runs a program that has imported all there is. @returns what it said. */
async function said(source: string): Promise<string[]> {
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

Deno.test("The process's reactor is a DenoReactor that has not been used", async () => {
  const lines = await said(`console.log(reactor instanceof DenoReactor, reactor.used);`);
  assertEquals(lines, ["true false"]);
});

Deno.test("installReactor() changes what every importer sees as `reactor`, and it runs", async () => {
  const lines = await said(`
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

Deno.test("installReactor() may be called again, until the one that is installed is used", async () => {
  const lines = await said(`
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
  Deno.test(`After ${use} it is too late for installReactor()`, async () => {
    const lines = await said(`
      ${use};
      attempt(() => installReactor(new DenoReactor()));
      console.log(reactor.used);
    `);
    assertEquals(lines, ["ReactorAlreadyInstalledError", "true"]);
  });
}

Deno.test("Looking at the process's reactor does not use it", async () => {
  const lines = await said(`
    reactor.running, reactor.seconds(), reactor.getDelayedCalls();
    attempt(() => reactor.stop());
    attempt(() => installReactor(new DenoReactor()));
  `);
  assertEquals(lines, ["ReactorNotRunning", "done"]);
});
