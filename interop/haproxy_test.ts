/** Tests behind HAProxy, which sends the PROXY protocol, and in front of it. */

import { assert, assertEquals } from "@std/assert";
import {
  connectProtocol,
  serverFromString,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TLSServerEndpoint,
  UNIXClientEndpoint,
  wrapClientTLS,
} from "../endpoints/mod.ts";
import {
  proxyClientEndpoint,
  proxyEndpoint,
  type ProxyHeader,
  proxyHeaderOf,
  type ProxyHeaderOptions,
} from "../protocol/proxy_protocol/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import type { Address } from "../reactor/interfaces/mod.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { freePort, startHAProxy } from "./proxy.ts";
import { tlsFiles } from "./tls_files.ts";
import { HAPROXY, type InteropFixture, interopTest } from "./tool.ts";

const test = interopTest(HAPROXY);
const TRUSTED = { trustedSources: ["127.0.0.1"] };

/** A server behind the PROXY protocol that answers in capitals. */
async function listen(fixture: InteropFixture): Promise<{ wires: Wires; port: number }> {
  const wires = new Wires({
    dataReceived: ({ transport }, data) =>
      transport.write(new TextDecoder().decode(data).toUpperCase()),
  });
  const tcp = new TCP4ServerEndpoint(fixture.reactor, 0, { interface: "127.0.0.1" });
  const port = await proxyEndpoint(tcp, TRUSTED).listen(wires);
  return { wires, port: portOf(port.getHost()) };
}

/** Sends a message, and waits for the answer. */
async function exchange(wire: Wire): Promise<void> {
  wire.transport.write("hello");
  await wire.has(5);
  assertEquals(wire.text, "HELLO");
}

/** Returns the header of the first connection. */
async function headerOf(wires: Wires): Promise<ProxyHeader> {
  const header = proxyHeaderOf((await wires.wire()).transport);
  assert(header !== null);
  return header;
}

for (const [server, version] of [["send-proxy", 1], ["send-proxy-v2", 2]] as const) {
  test(`proxyEndpoint() returns the addresses that ${server} sends`, async (fixture) => {
    fixture.run();
    const { wires, port } = await listen(fixture);
    const front = freePort();
    await startHAProxy(fixture, `127.0.0.1:${front}`, server, port);
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front);
    const client = await connectProtocol(endpoint, new Wire());
    await exchange(client);
    const { transport } = await wires.wire();
    assertEquals(transport.getPeer(), client.transport.getHost());
    assertEquals(transport.getHost(), client.transport.getPeer());
    assertEquals((await headerOf(wires)).version, version);
    client.transport.loseConnection();
    assertEquals((await (await wires.wire()).lost()).name, "ConnectionDone");
  });

  test(`proxyEndpoint() accepts what ${server} sends for a UNIX socket`, async (fixture) => {
    fixture.run();
    const { wires, port } = await listen(fixture);
    const path = fixture.path("front");
    await startHAProxy(fixture, `unix@${path}`, server, port);
    await exchange(
      await connectProtocol(new UNIXClientEndpoint(fixture.reactor, path), new Wire()),
    );
    const { source } = await headerOf(wires);
    if (version === 1) assertEquals(source, null);
    else assert(source === null || source.type === "UNIX");
  });
}

test("ProxyHeader has every TLV that HAProxy sends, with a valid checksum", async (fixture) => {
  fixture.run();
  const { folder, authority } = await tlsFiles(fixture);
  const both = `${folder}/both.pem`;
  const read = (name: string): Promise<string> => Deno.readTextFile(`${folder}/${name}`);
  await Deno.writeTextFile(both, `${await read("server.pem")}\n${await read("server.key")}`);
  const { wires, port } = await listen(fixture);
  const front = freePort();
  await startHAProxy(
    fixture,
    `127.0.0.1:${front} ssl crt ${both} alpn h2 ca-file ${folder}/roots/ca.pem verify optional`,
    "send-proxy-v2 proxy-v2-options " +
      "ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id",
    port,
  );
  const tcp = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front);
  const tls = wrapClientTLS({
    serverName: "localhost",
    caCerts: [authority.cert],
    alpnProtocols: ["h2"],
    cert: await read("client.pem"),
    key: await read("client.key"),
  }, tcp);
  await exchange(await connectProtocol(tls, new Wire()));
  const header = await headerOf(wires);
  assertEquals([header.authority, header.alpn], ["localhost", "h2"]);
  assert(new TextDecoder().decode(header.uniqueId ?? undefined).startsWith("id-"));
  assertEquals(header.tlv(0x03)?.length, 4);
  assert(header.tls !== null);
  const { isTLS, isVerified, version, commonName, cipher } = header.tls;
  assertEquals([isTLS, isVerified, version, commonName], [true, true, "TLSv1.3", "Alice"]);
  assert(cipher?.startsWith("TLS_"), `The cipher is ${cipher}`);
});

for (const server of ["send-proxy", "send-proxy-v2"]) {
  for (const over of ["a proxyEndpoint()", "the string haproxy:…:tls:…"]) {
    test(`${over} reads what "${server} ssl" sends before the handshake`, async (fixture) => {
      fixture.run();
      const { server: certificate, folder } = await tlsFiles(fixture);
      const wires = new Wires({ dataReceived: ({ transport }) => transport.write("HELLO") });
      const address = { interface: "127.0.0.1" };
      const files = `privateKey=${folder}/server.key:certKey=${folder}/server.pem`;
      const endpoint = over === "a proxyEndpoint()"
        ? proxyEndpoint(
          new TLSServerEndpoint(fixture.reactor, 0, { ...certificate, ...address }),
          TRUSTED,
        )
        : serverFromString(
          fixture.reactor,
          `haproxy:trustedSources=127.0.0.1:tls:0:interface=127.0.0.1:${files}`,
        );
      const port = portOf((await endpoint.listen(wires)).getHost());
      const front = freePort();
      const options = `${server} ssl verify required ca-file ${folder}/roots/ca.pem`;
      await startHAProxy(fixture, `127.0.0.1:${front}`, options, port);
      const tcp = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front);
      const client = await connectProtocol(tcp, new Wire());
      await exchange(client);
      const { transport } = await wires.wire();
      assertEquals(transport.getPeer(), client.transport.getHost());
      assert(transport.secure);
    });
  }
}

test("proxyEndpoint() accepts HAProxy's health checks as LOCAL connections", async (fixture) => {
  fixture.run();
  const { wires, port } = await listen(fixture);
  await startHAProxy(
    fixture,
    `127.0.0.1:${freePort()}`,
    "send-proxy-v2 check check-send-proxy inter 50ms",
    port,
  );
  const { command, source } = await headerOf(wires);
  assertEquals([command, source], ["LOCAL", null]);
});

const HEADERS: ProxyHeaderOptions[] = [
  {
    version: 1,
    source: new IPv4Address("TCP", "192.0.2.1", 56324),
    destination: new IPv4Address("TCP", "192.0.2.9", 443),
  },
  {
    version: 2,
    source: new IPv4Address("TCP", "192.0.2.1", 56324),
    destination: new IPv4Address("TCP", "192.0.2.9", 443),
    tlvs: [{ type: 0xe0, value: new Uint8Array(300) }],
    checksum: true,
  },
  { command: "LOCAL", checksum: true },
  { version: 1 },
];

for (const header of HEADERS) {
  const { version = 2, source = null } = header;
  const what = `version ${version} for ${source ?? header.command ?? "an unknown client"}`;
  test(`proxyClientEndpoint() sends accept-proxy a header of ${what}`, async (fixture) => {
    fixture.run();
    const { wires, port } = await listen(fixture);
    const front = freePort();
    await startHAProxy(fixture, `127.0.0.1:${front} accept-proxy`, "send-proxy-v2", port);
    const tcp = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", front);
    const client = await connectProtocol(proxyClientEndpoint(tcp, header), new Wire());
    await exchange(client);
    const named: Address = (await wires.wire()).transport.getPeer();
    assertEquals(named, source ?? client.transport.getHost());
  });
}
