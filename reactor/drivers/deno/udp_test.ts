// What of DenoReactor's UDP is Deno's: what it cannot do, what it must be allowed, and what holds
// the process.

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { DatagramProtocol } from "../../../protocol/mod.ts";
import { LoggedErrors } from "../../../testing/fixtures/logged_errors.ts";
import { Program, type ProgramEnd } from "../../../testing/fixtures/program.ts";
import { udpTest } from "../../../testing/fixtures/udp_fixture.ts";
import { UnsupportedError } from "../../errors.ts";
import { DenoReactor } from "./reactor.ts";

/** Runs a program with these flags until it ends by itself. */
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

Deno.test("setTTL() says that Deno cannot set it: on IPv6, and to 0", async () => {
  const reactor = new DenoReactor();
  await using four = reactor.listenMulticast(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  assertThrows(() => four.setTTL(0), UnsupportedError, "Deno's node:dgram takes 1 to 255");
  await using six = reactor.listenMulticast(0, new DatagramProtocol(), { interface: "::1" });
  assertThrows(() => six.setTTL(2), UnsupportedError, "an IPv4 port can");
  assertEquals([four.getTTL(), six.getTTL()], [1, 1]);
});

Deno.test("Sending to an IPv6 address with a scope is logged as what Deno cannot do", async () => {
  using errors = new LoggedErrors();
  const reactor = new DenoReactor();
  const port = reactor.listenUDP(0, new DatagramProtocol(), { interface: "::1" });
  port.write("x", { host: "::1%lo", port: 9 });
  await port.stopListening();
  const [error] = errors.take();
  assertStringIncludes(error?.message ?? "", "takes no scope in an address");
});

udpTest("DenoReactor", () => new DenoReactor())(
  "What comes before the reactor runs is kept as far as a socket's own buffer would keep it",
  async (fixture) => {
    const { protocol, port } = fixture.listen();
    const peer = await fixture.rawBind();
    for (let i = 0; i < 700; i++) {
      await peer.send("x".repeat(100), port);
      // Time for it to be received: what the system itself has to drop is not what this is about.
      await peer.send("itself", peer.port);
      await peer.next();
    }
    fixture.run();
    // Each takes 356 bytes of 212992.
    await protocol.received(598);
    await peer.send("last", port);
    await protocol.received(599);
    assertEquals(protocol.events.at(-1), "received last");
  },
);

Deno.test("A UDP port holds no process: not bound, not after a crash", async () => {
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

Deno.test("Listening without permission names the flag", async () => {
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

Deno.test("Sending without permission names the flag, and listening needs only what it binds", async () => {
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
