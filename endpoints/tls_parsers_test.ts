/**
 * Twisted's `internet/test/test_endpoints.py`, the tests of TLS in strings:
 *
 * - `ServerStringTests`: `test_ssl`, `test_sslWithDefaults`; the chains are in `pem_files_test.ts`.
 *   There is no `test_sslDHparameters`, and no `sslmethod` in `test_ssl`: see `tls_parsers.ts`.
 * - `SSLClientStringTests`: `test_ssl`, `test_sslPositionalArgs`, `test_sslWithDefaults`.
 *   `test_sslSimple` differs: without a `hostname`, the certificate is still verified, for the
 *   host. `test_unreadableCertificate`: see `pem_files_test.ts`.
 * - `WrapClientTLSParserTests`: `test_hostnameEndpointConstruction`, `test_utf8Encoding`,
 *   `test_tls`, `test_tlsWithDefaults`.
 */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError } from "../defer/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  CannotListenError,
  ConnectError,
  ConnectingCancelledError,
  ConnectionRefusedError,
} from "../reactor/errors.ts";
import { TableNameResolver } from "../reactor/names/table_name_resolver.ts";
import { MemoryReactorClock } from "../testing/mod.ts";
import { nextMacrotask } from "../testing/next_macrotask.ts";
import {
  clientFromString,
  EndpointDescriptionError,
  quoteStringArgument,
  serverFromString,
} from "./mod.ts";

const pem = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;

/** Files by path. */
const FILES = new Map([
  ["server.pem", pem("PRIVATE KEY") + pem("CERTIFICATE")],
  ["key.pem", pem("EC PRIVATE KEY")],
  ["cert.pem", pem("CERTIFICATE")],
  ["roots.pem", pem("CERTIFICATE") + pem("CERTIFICATE")],
]);

/** Returns a reactor on whose host the files are. */
function recordingReactor(): MemoryReactorClock {
  const reactor = new MemoryReactorClock();
  reactor.installNameResolver(new TableNameResolver({ "xn--bcher-kva.ch": ["192.0.2.1"] }));
  for (const [path, text] of FILES) reactor.hostEnvironment.files.set(path, text);
  return reactor;
}

const SERVERS: [description: string, port: number, options: Record<string, unknown>][] = [
  ["ssl:443", 443, { cert: FILES.get("cert.pem"), key: pem("PRIVATE KEY") }],
  ["tls:443:privateKey=server.pem", 443, { cert: FILES.get("cert.pem"), key: pem("PRIVATE KEY") }],
  ["ssl:443:certKey=server.pem", 443, { cert: FILES.get("cert.pem"), key: pem("PRIVATE KEY") }],
  [
    "ssl:1234:backlog=12:privateKey=key.pem:certKey=cert.pem:interface=10.0.0.1",
    1234,
    { backlog: 12, interface: "10.0.0.1", cert: FILES.get("cert.pem"), key: FILES.get("key.pem") },
  ],
  [
    "tls:443:key.pem:cert.pem:extraCertChain=roots.pem:alpnProtocols=h2,http/1.1:handshakeTimeout=5",
    443,
    {
      cert: pem("CERTIFICATE").repeat(3),
      key: FILES.get("key.pem"),
      alpnProtocols: ["h2", "http/1.1"],
      handshakeTimeout: 5,
    },
  ],
  [
    "tls:443:caCertsDir=roots.pem:clientCertificate=request:maxHandshakes=50",
    443,
    {
      maxHandshakes: 50,
      cert: FILES.get("cert.pem"),
      key: pem("PRIVATE KEY"),
      caCerts: [FILES.get("cert.pem"), FILES.get("cert.pem")],
      clientCertificate: "request",
    },
  ],
];

for (const [description, port, options] of SERVERS) {
  Deno.test(`serverFromString(): ${description}`, async () => {
    const reactor = recordingReactor();
    await serverFromString(reactor, description).listen(Factory.forProtocol(Protocol));
    const calls = reactor.sslServers.map((each) => [each.port, each.options]);
    assertEquals(calls, [[port, options]]);
  });
}

Deno.test("listen() and connect() fail for an unreadable file, clientFromString() does not", async () => {
  const reactor = recordingReactor();
  const server = serverFromString(reactor, "ssl:443:privateKey=none.pem");
  const listening = await assertRejects(
    () => server.listen(Factory.forProtocol(Protocol)),
    CannotListenError,
  );
  const why = "Cannot read the private key in none.pem: " +
    'Cannot read the file "none.pem": the FakeHostEnvironment does not have it';
  assertEquals(listening.message, `Cannot listen on 0.0.0.0:443: ${why}`);
  const client = clientFromString(reactor, "tls:example.org:443:privateKey=none.pem");
  const connecting = await assertRejects(() => client.connect(new Wires()), ConnectError);
  assertEquals(connecting.message, `Cannot connect to example.org:443: ${why}`);
  assertEquals([reactor.sslServers, reactor.connectors], [[], []]);
});

for (
  const description of [
    "tls:bücher.ch:443:timeout=10:bindAddress=127.0.0.1",
    "ssl:host=bücher.ch:port=443:timeout=10:bindAddress=127.0.0.1:hostname=example.org",
  ]
) {
  Deno.test(`clientFromString(): ${description} is over a HostnameEndpoint`, async () => {
    const reactor = recordingReactor();
    const connecting = clientFromString(reactor, description).connect(new Wires());
    const failing = assertRejects(() => connecting, ConnectionRefusedError);
    await nextMacrotask();
    for (const client of reactor.tcpClients) client.fail();
    await failing;
    const calls = reactor.tcpClients.map(({ host, port, options }) => [host, port, options]);
    assertEquals(calls, [["192.0.2.1", 443, { timeout: 10, bindAddress: "127.0.0.1" }]]);
  });
}

Deno.test("connect() cancelled while its files are read fails with ConnectingCancelledError", async () => {
  const reactor = recordingReactor();
  reactor.hostEnvironment.readTextFile = () => new Promise(() => {});
  const endpoint = clientFromString(reactor, "tls:example.org:443:certificate=a.pem");
  const connecting = endpoint.connect(new Wires());
  const failing = assertRejects(() => connecting, ConnectingCancelledError);
  connecting.cancel();
  assertEquals(String((await failing).destination), "example.org:443");
});

Deno.test("listen() cancelled while its files are read fails with CancelledError", async () => {
  const reactor = recordingReactor();
  reactor.hostEnvironment.readTextFile = () => new Promise(() => {});
  const listening = serverFromString(reactor, "tls:443").listen(new Wires());
  listening.cancel();
  await assertRejects(() => listening, CancelledError);
  assertEquals(reactor.sslServers, []);
});

const WRONG: [side: "server" | "client", description: string, piece: string, problem: string][] = [
  ["server", "ssl:", "", `the argument "port" is missing`],
  [
    "server",
    "ssl:443:sslmethod=TLSv1_2_METHOD",
    "sslmethod",
    `the type "ssl" has no argument "sslmethod"`,
  ],
  [
    "server",
    "tls:443:clientCertificate=require",
    "require",
    `the argument "clientCertificate" also requires "caCertsDir"`,
  ],
  [
    "client",
    "ssl:example.org:443:extraCertChain=a.pem",
    "a.pem",
    `the argument "extraCertChain" also requires "certKey"`,
  ],
  [
    "client",
    String.raw`tls:example.org:443:endpoint=tcp\:192.0.2.1\:80:timeout=5`,
    "5",
    `the argument "timeout" must be given in the description in "endpoint"`,
  ],
  [
    "client",
    String.raw`tls:example.org:443:endpoint=ftl\:80`,
    String.raw`ftl\:80`,
    `"ftl" is not one`,
  ],
  ["client", "tls:exa mple:443", "exa mple", `must be a host name or an address`],
];

for (const [side, description, piece, problem] of WRONG) {
  Deno.test(`${side}FromString() rejects ${description}: ${problem}`, () => {
    const make = side === "server" ? serverFromString : clientFromString;
    const error = assertThrows(
      () => make(recordingReactor(), description),
      EndpointDescriptionError,
      problem,
    );
    assertEquals(error.piece, piece);
  });
}

// --- Real sockets ----------------------------------------------------------------------------

const test = tcpTest("TLS by strings", () => new DenoReactor());

/** Writes files with certificates, which exist while `f` runs. */
async function withFiles(
  files: Record<string, string>,
  f: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await f((name) => quoteStringArgument(`${directory}/${name}`));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test(
  test("serverFromString() and clientFromString() use certificates from files", async (fixture) => {
    fixture.run();
    const { authority, server } = await testCertificates();
    const client = await authority.issue({ name: "CN=client" });
    await withFiles({
      "server.pem": server.key + server.cert,
      "client.pem": client.cert + client.key,
      "ca.pem": authority.cert,
    }, async (path) => {
      const factory = new Wires();
      const port = await serverFromString(
        fixture.reactor,
        `tls:0:interface=127.0.0.1:privateKey=${path("server.pem")}:caCertsDir=${path("ca.pem")}`,
      ).listen(factory);
      const number = portOf(port.getHost());
      fixture.reactor.installNameResolver(new TableNameResolver({ "localhost": ["127.0.0.1"] }));
      const own = `privateKey=${path("client.pem")}`;
      const tcp = quoteStringArgument(`tcp:127.0.0.1:${number}`);
      const descriptions = [
        `tls:localhost:${number}:${own}:certificate=${path("client.pem")}:trustRoots=${
          path("ca.pem")
        }`,
        `ssl:localhost:${number}:${own}:caCertsDir=${path("ca.pem")}`,
        `ssl:127.0.0.1:${number}:${own}:caCertsDir=${path("ca.pem")}:hostname=localhost`,
        `tls:localhost:1:${own}:trustRoots=${path("ca.pem")}:endpoint=${tcp}`,
      ];
      for (const [index, description] of descriptions.entries()) {
        const wire = await clientFromString(fixture.reactor, description).connect(new Wires());
        wire.transport.write("hello");
        const accepted = await factory.wire(index);
        await accepted.has(5);
        assertEquals(accepted.text, "hello");
        wire.transport.loseConnection();
        await Promise.all([wire.lost(), accepted.lost()]);
      }
      await port.stopListening();
      const refused = clientFromString(fixture.reactor, `tls:localhost:${number}`).connect(
        new Wires(),
      );
      assertInstanceOf(await refused.catch((error) => error), ConnectionRefusedError);
    });
  }),
);

Deno.test(
  test("clientFromString() with tls: or ssl: trusts the system's root certificates", async (fixture) => {
    fixture.run();
    const { server } = await testCertificates();
    await withFiles({ "server.pem": server.key + server.cert }, async (path) => {
      const port = await serverFromString(
        fixture.reactor,
        `ssl:0:interface=127.0.0.1:privateKey=${path("server.pem")}`,
      ).listen(new Wires());
      const description = `ssl:127.0.0.1:${portOf(port.getHost())}`;
      await assertRejects(
        () => clientFromString(fixture.reactor, description).connect(new Wires()),
        Error,
        "certificate",
      );
    });
  }),
);

Deno.test(
  test("listen() errors name the certificate files whose content is unusable", async (fixture) => {
    fixture.run();
    await withFiles(
      { "bad.pem": pem("PRIVATE KEY") + pem("CERTIFICATE") },
      async (path) => {
        const server = serverFromString(fixture.reactor, `tls:0:privateKey=${path("bad.pem")}`);
        const refused = await assertRejects(() => server.listen(new Wires()), TypeError);
        assertMatch(
          refused.message,
          /^Cannot use cert: .* \(key in .*bad\.pem, cert in .*bad\.pem\)$/,
        );
      },
    );
  }),
);

Deno.test(
  test("listen() and connect() pass a TypeError of the factory on unchanged", async (fixture) => {
    fixture.run();
    const { authority, server } = await testCertificates();
    await withFiles({
      "server.pem": server.key + server.cert,
      "ca.pem": authority.cert,
    }, async (path) => {
      const error = new TypeError("a bug in the factory");
      const fail = (): never => {
        throw error;
      };
      const endpoint = serverFromString(
        fixture.reactor,
        `tls:0:interface=127.0.0.1:privateKey=${path("server.pem")}`,
      );
      const unstartable = Object.assign(new Wires(), { doStart: fail });
      assertStrictEquals(await endpoint.listen(unstartable).catch((reason) => reason), error);

      const port = await endpoint.listen(new Wires());
      const client = clientFromString(
        fixture.reactor,
        `ssl:127.0.0.1:${portOf(port.getHost())}:caCertsDir=${path("ca.pem")}`,
      );
      const unbuildable = Object.assign(new Wires(), { buildProtocol: fail });
      assertStrictEquals(await client.connect(unbuildable).catch((reason) => reason), error);
      await port.stopListening();
    });
  }),
);
