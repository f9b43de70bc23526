/** Tests of the SOCKS endpoints with microsocks and with Twisted's SOCKS server. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connectProtocol, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import {
  SOCKS4ClientEndpoint,
  SOCKS5ClientEndpoint,
  type SOCKS5ClientOptions,
  SOCKSError,
} from "../protocol/socks/mod.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { Wire } from "../testing/fixtures/wire.ts";
import { shouting } from "./echo.ts";
import { freePort } from "./proxy.ts";
import { type InteropFixture, interopTest, MICROSOCKS, TWISTED } from "./tool.ts";

/** Starts a server that sends received bytes back in capitals. @returns Its port. */
function startTarget(fixture: InteropFixture): number {
  const port = fixture.reactor.listenTCP(0, shouting(), { interface: "127.0.0.1" });
  fixture.run();
  return portOf(port.getHost());
}

async function exchange(wire: Wire): Promise<void> {
  wire.transport.write("hello");
  await wire.has(5);
  assertEquals(wire.text, "HELLO");
  wire.transport.loseConnection();
  assertEquals((await wire.lost()).name, "ConnectionDone");
}

/** Starts microsocks, and waits until it listens: it prints nothing. @returns Its port. */
async function startMicrosocks(fixture: InteropFixture, ...options: string[]): Promise<number> {
  const port = freePort();
  fixture.start("microsocks", "-i", "127.0.0.1", "-p", String(port), ...options);
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const microsocks = interopTest(MICROSOCKS);
const LOGIN: SOCKS5ClientOptions = { username: "ada", password: "secret" };

microsocks("SOCKS5ClientEndpoint connects to addresses and names", async (fixture) => {
  const target = startTarget(fixture);
  const port = await startMicrosocks(fixture);
  const server = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", port);
  for (const host of ["127.0.0.1", "localhost"]) {
    const endpoint = new SOCKS5ClientEndpoint(server, host, target);
    await exchange(await connectProtocol(endpoint, new Wire()));
  }
});

microsocks("SOCKS5ClientEndpoint authenticates", async (fixture) => {
  const target = startTarget(fixture);
  const port = await startMicrosocks(fixture, "-u", "ada", "-P", "secret");
  const server = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", port);
  const connect = async (options: SOCKS5ClientOptions): Promise<Wire> =>
    await connectProtocol(
      new SOCKS5ClientEndpoint(server, "127.0.0.1", target, options),
      new Wire(),
    );
  await exchange(await connect(LOGIN));
  await assertRejects(() => connect({ ...LOGIN, password: "guess" }), SOCKSError, "did not accept");
  await assertRejects(() => connect({}), SOCKSError, "none of the client's methods");
});

microsocks("SOCKS5ClientEndpoint fails with the reply of the server", async (fixture) => {
  startTarget(fixture);
  const port = await startMicrosocks(fixture);
  const server = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", port);
  const endpoint = new SOCKS5ClientEndpoint(server, "127.0.0.1", freePort());
  const connecting = async (): Promise<Wire> => await connectProtocol(endpoint, new Wire());
  const error = await assertRejects(connecting, SOCKSError);
  assertEquals(error.reply, 5);
});

const twisted = interopTest(TWISTED);
const peer = new URL("./peers/twisted_socks.py", import.meta.url).pathname;

for (const host of ["127.0.0.1", "localhost"]) {
  twisted(`SOCKS4ClientEndpoint connects to ${host} through Twisted's SOCKSv4`, async (fixture) => {
    const target = startTarget(fixture);
    const program = fixture.start(peer);
    const [, port] = await program.line(/^listening on (\d+)$/);
    const server = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", Number(port));
    const endpoint = new SOCKS4ClientEndpoint(server, host, target, { userId: "ada" });
    await exchange(await connectProtocol(endpoint, new Wire()));
  });
}

twisted("SOCKS4ClientEndpoint fails with the reply of Twisted's SOCKSv4", async (fixture) => {
  startTarget(fixture);
  const program = fixture.start(peer);
  const [, port] = await program.line(/^listening on (\d+)$/);
  const server = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", Number(port));
  const endpoint = new SOCKS4ClientEndpoint(server, "127.0.0.1", freePort());
  const connecting = async (): Promise<Wire> => await connectProtocol(endpoint, new Wire());
  const error = await assertRejects(connecting, SOCKSError);
  assert(error.message.endsWith("its reply is 91, request rejected or failed"), error.message);
});
