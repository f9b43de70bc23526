/** Against socat: TCP on IPv4 and IPv6, half-close, and a reset. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { connectProtocol, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import { portOf } from "../reactor/conformance/tcp_bed.ts";
import { HalfCloseableWire, type Wire, Wires } from "../reactor/conformance/wire.ts";
import { ConnectionLost } from "../reactor/errors.ts";
import { shouting } from "./echo.ts";
import { type InteropBed, interopTest, SOCAT } from "./tool.ts";

const test = interopTest(SOCAT);

/** socat as a server: it says where it listens. */
async function listening(bed: InteropBed, address: string, then: string): Promise<number> {
  const socat = bed.startAloud("-d", "-d", address, then);
  const [, port] = await socat.line(/ listening on AF=\d+ \S+:(\d+)$/);
  return Number(port);
}

for (const [family, host] of [["TCP4", "127.0.0.1"], ["TCP6", "::1"]] as const) {
  test(`${family}: a client of socat's gets its answer after its half-close`, async (bed) => {
    bed.run();
    const port = bed.reactor.listenTCP(0, shouting(), { interface: host });
    const socat = bed.start("-", `${family}:${port.getHost()}`);
    await socat.say("hello\n");
    await socat.endInput();
    const { code, lines } = await socat.end();
    assertEquals([code, lines], [0, ["HELLO"]]);
  });
}

test("a server of socat's that pipes through a program: loseWriteConnection() ends its input", async (bed) => {
  bed.run();
  const port = await listening(bed, "TCP4-LISTEN:0,bind=127.0.0.1", "EXEC:sort");
  const endpoint = new TCP4ClientEndpoint(bed.reactor, "127.0.0.1", port);
  const wire = await connectProtocol(endpoint, new HalfCloseableWire());
  wire.transport.write("c\nb\na\n");
  wire.transport.loseWriteConnection();
  await wire.seen("read lost");
  assertEquals(wire.text, "a\nb\nc\n");
  assertEquals((await wire.lost()).name, "ConnectionDone");
});

test("a peer that resets: ConnectionLost", async (bed) => {
  const factory = new Wires();
  const port = bed.reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  bed.run();
  // Closing with a linger time of zero resets (RFC 9293 section 3.10.5).
  const socat = bed.start("-", `TCP4:127.0.0.1:${portOf(port.getHost())},linger=0`);
  const wire: Wire = await factory.wire();
  socat.send("SIGKILL");
  const reason = await wire.lost();
  assertInstanceOf(reason, ConnectionLost);
  assertEquals(reason.code, "ECONNRESET");
});
