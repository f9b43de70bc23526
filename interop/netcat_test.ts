/**
 * Tests with OpenBSD's netcat: TCP and UNIX sockets as client and server. Each side closes first
 * once.
 */

import { assertEquals } from "@std/assert";
import { connectProtocol, TCP4ClientEndpoint, UNIXClientEndpoint } from "../endpoints/mod.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { Wire } from "../testing/fixtures/wire.ts";
import { shouting } from "./echo.ts";
import { interopTest, NETCAT } from "./tool.ts";

const test = interopTest(NETCAT);

test("listenTCP() replies to nc -N after nc has closed its writing side", async (fixture) => {
  fixture.run();
  const port = fixture.reactor.listenTCP(0, shouting(), { interface: "127.0.0.1" });
  const nc = fixture.start("-N", "127.0.0.1", String(portOf(port.getHost())));
  await nc.say("hello\n");
  await nc.endInput();
  const { code, lines } = await nc.end();
  assertEquals([code, lines], [0, ["HELLO"]]);
});

test("connectTCP() exchanges data with a server of nc -l", async (fixture) => {
  fixture.run();
  const nc = fixture.startAloud("-v", "-n", "-l", "127.0.0.1", "0");
  const [, port] = await nc.line(/^Listening on 127\.0\.0\.1 (\d+)$/);
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", Number(port));
  const wire = await connectProtocol(endpoint, new Wire());
  await nc.say("from nc\n");
  await wire.has("from nc\n".length);
  wire.transport.write("from here\n");
  wire.transport.loseConnection();
  await nc.line("from here");
  assertEquals([wire.text, (await nc.end()).code], ["from nc\n", 0]);
  assertEquals((await wire.lost()).name, "ConnectionDone");
});

test("listenUNIX() replies to nc -U -N after nc has closed its writing side", async (fixture) => {
  fixture.run();
  const path = fixture.path("echo");
  fixture.reactor.listenUNIX(path, shouting());
  const nc = fixture.start("-U", "-N", path);
  await nc.say("hello\n");
  await nc.endInput();
  const { code, lines } = await nc.end();
  assertEquals([code, lines], [0, ["HELLO"]]);
});

test("connectUNIX() exchanges data with a server of nc -U -l", async (fixture) => {
  fixture.run();
  const path = fixture.path("nc");
  const nc = fixture.startAloud("-v", "-U", "-l", path);
  await nc.line(/^(Bound|Listening) on /);
  await nc.line(/^Listening on /);
  const wire = await connectProtocol(new UNIXClientEndpoint(fixture.reactor, path), new Wire());
  await nc.say("from nc\n");
  await wire.has("from nc\n".length);
  wire.transport.write("from here\n");
  wire.transport.loseConnection();
  await nc.line("from here");
  assertEquals([wire.text, (await nc.end()).code], ["from nc\n", 0]);
});
