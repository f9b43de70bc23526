/** Tests behind nginx, which sends version 1 of the PROXY protocol, and in front of it. */

import { assert, assertEquals } from "@std/assert";
import {
  connectProtocol,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TLSServerEndpoint,
} from "../endpoints/mod.ts";
import { proxyClientEndpoint, proxyEndpoint } from "../protocol/proxy_protocol/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { freePort, startNginx } from "./proxy.ts";
import { tlsFiles } from "./tls_files.ts";
import { interopTest, NGINX } from "./tool.ts";

const test = interopTest(NGINX);
const TRUSTED = { trustedSources: ["127.0.0.0/8"] };
const LOCAL = { interface: "127.0.0.1" };

function shouting(): Wires {
  return new Wires({
    dataReceived: ({ transport }, data) =>
      transport.write(new TextDecoder().decode(data).toUpperCase()),
  });
}

async function exchange(wire: Wire): Promise<void> {
  wire.transport.write("hello");
  await wire.has(5);
  assertEquals(wire.text, "HELLO");
}

test("proxyEndpoint() returns the addresses that nginx sends", async (fixture) => {
  fixture.run();
  const wires = shouting();
  const tcp = new TCP4ServerEndpoint(fixture.reactor, 0, LOCAL);
  const port = await proxyEndpoint(tcp, TRUSTED).listen(wires);
  const front = freePort();
  await startNginx(fixture, `127.0.0.1:${front}`, portOf(port.getHost()));
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front);
  const client = await connectProtocol(endpoint, new Wire());
  await exchange(client);
  const { transport } = await wires.wire();
  assertEquals(transport.getPeer(), client.transport.getHost());
  assertEquals(transport.getHost(), client.transport.getPeer());
});

test("proxyEndpoint() reads what nginx sends before the handshake", async (fixture) => {
  fixture.run();
  const { server, folder } = await tlsFiles(fixture);
  const wires = shouting();
  const tls = new TLSServerEndpoint(fixture.reactor, 0, { ...server, ...LOCAL });
  const port = await proxyEndpoint(tls, TRUSTED).listen(wires);
  const front = freePort();
  await startNginx(
    fixture,
    `127.0.0.1:${front}`,
    portOf(port.getHost()),
    `proxy_ssl on;
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
    proxy_ssl_trusted_certificate ${folder}/roots/ca.pem;`,
  );
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front);
  const client = await connectProtocol(endpoint, new Wire());
  await exchange(client);
  const { transport } = await wires.wire();
  assert(transport.secure);
  assertEquals(transport.getPeer(), client.transport.getHost());
});

for (const version of [1, 2] as const) {
  test(`proxyClientEndpoint() sends nginx a header of version ${version}`, async (fixture) => {
    fixture.run();
    const wires = shouting();
    const tcp = new TCP4ServerEndpoint(fixture.reactor, 0, LOCAL);
    const port = await proxyEndpoint(tcp, TRUSTED).listen(wires);
    const front = freePort();
    await startNginx(
      fixture,
      `127.0.0.1:${front} proxy_protocol`,
      portOf(port.getHost()),
      "set_real_ip_from 127.0.0.1;",
    );
    const source = new IPv4Address("TCP", "192.0.2.1", 56324);
    const destination = new IPv4Address("TCP", "192.0.2.9", 443);
    const endpoint = proxyClientEndpoint(
      new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front),
      { version, source, destination },
    );
    await exchange(await connectProtocol(endpoint, new Wire()));
    assertEquals((await wires.wire()).transport.getPeer(), source);
  });
}
