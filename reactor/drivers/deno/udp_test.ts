// The parts of UDP that depend on Deno: its limitations, its permissions, and how long a port keeps
// the process alive.

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { DatagramProtocol } from "../../../protocol/mod.ts";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { Program, type ProgramEnd } from "../../../testing/fixtures/program.ts";
import { udpTest } from "../../../testing/fixtures/udp_fixture.ts";
import { UnsupportedError } from "../../errors.ts";
import { DenoReactor } from "./reactor.ts";

/** Runs a program with these flags until it exits by itself. */
async function run(flags: string[], source: string): Promise<ProgramEnd> {
  const program = `
    import { DatagramProtocol, DenoReactor, log } from "${new URL(
    "../../../mod.ts",
    import.meta.url,
  )}";
    log.addObserver((event) => console.log(log.eventText(event)));
    const reactor = new DenoReactor();
    ${source}
  `;
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  await using running = new Program(["run", "--quiet", "--no-prompt", ...flags, url]);
  return await running.end();
}

Deno.test("UDPPort.setTTL() throws UnsupportedError on IPv6 and for 0", async () => {
  const reactor = new DenoReactor();
  await using four = reactor.listenMulticast(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  assertThrows(() => four.setTTL(0), UnsupportedError, "Deno's node:dgram supports 1 to 255");
  await using six = reactor.listenMulticast(0, new DatagramProtocol(), { interface: "::1" });
  assertThrows(() => six.setTTL(2), UnsupportedError, "use an IPv4 port");
  assertEquals([four.getTTL(), six.getTTL()], [1, 1]);
});

Deno.test("UDPPort.write() logs that Deno does not support an IPv6 address with a scope", async () => {
  using errors = new LoggedErrors();
  const reactor = new DenoReactor();
  const port = reactor.listenUDP(0, new DatagramProtocol(), { interface: "::1" });
  port.write("x", { host: "::1%lo", port: 9 });
  await port.stopListening();
  const [error] = errors.take();
  assertStringIncludes(error?.message ?? "", "does not support a scope in an address");
});

Deno.test(
  udpTest("DenoReactor", () => new DenoReactor())(
    "What comes before the reactor runs is kept as far as a socket's own buffer would keep it",
    async (fixture) => {
      const { protocol, port } = fixture.listen();
      const peer = await fixture.rawBind();
      for (let i = 0; i < 700; i++) {
        await peer.send("x".repeat(100), port);
        // Leaves time for the reception, so that the system's own drops do not affect the test.
        await peer.send("itself", peer.port);
        await peer.next();
      }
      fixture.run();
      // Each datagram takes 356 of the 212992 bytes that the driver queues, so 598 fit.
      await protocol.received(598);
      await peer.send("last", port);
      await protocol.received(599);
      assertEquals(protocol.events.at(-1), "received last");
    },
  ),
);

Deno.test("listenUDP() does not keep a process alive before run() or after crash()", async () => {
  const { code, errors } = await run(
    ["--allow-net"],
    `
    reactor.listenUDP(0, new DatagramProtocol());
    reactor.callLater(0, () => reactor.crash());
    await reactor.run();
    `,
  );
  assertEquals([code, errors], [0, ""]);
});

Deno.test("listenUDP() without permission throws an error that names the flag", async () => {
  const { lines, errors } = await run(
    [],
    `
    try {
      reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
    } catch (error) {
      console.log(error.name, error.message);
    }
    `,
  );
  assertEquals(errors, "");
  assertMatch(lines[0] ?? "", /^CannotListenError Cannot listen on 127\.0\.0\.1:0: .*--allow-net/);
});

Deno.test("UDPPort.write() without permission logs the name of the missing flag", async () => {
  const { code, lines, errors } = await run(
    ["--allow-net=127.0.0.1:0"],
    `
    const port = reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
    port.write("x", { host: "127.0.0.1", port: 9 });
    reactor.callWhenRunning(() => reactor.stop());
    await reactor.run();
    `,
  );
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.filter((line) => line.includes("DatagramError")).length, 1, lines.join("\n"));
  assertMatch(
    lines.join("\n"),
    /Cannot send to 127\.0\.0\.1:9: it needs the permission --allow-net=127\.0\.0\.1:9/,
  );
});
