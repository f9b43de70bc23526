/**
 * The stand-in for TLS: handshakes, records, alerts and failures.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { Factory, Protocol } from "../../protocol/mod.ts";
import type { TLSClientOptions, TLSServerOptions } from "../../reactor/interfaces/mod.ts";
import type { TLSEngine, TLSEngineSink } from "../../reactor/tls/tls_engine.ts";
import { FaultSource } from "./fault_source.ts";
import { RandomStream } from "../random_stream.ts";
import { SimulatedNetwork } from "./simulated_network.ts";
import { SimulatedTLS } from "./simulated_tls.ts";

/** One engine, whose output waits until the test passes it to the other one. */
class End implements TLSEngineSink {
  readonly engine: TLSEngine;
  readonly events: string[] = [];
  readonly sizes: number[] = [];
  #plaintext = "";
  #output: Uint8Array[] = [];

  constructor(engine: TLSEngine) {
    this.engine = engine;
  }

  /** The plaintext that has arrived. */
  get text(): string {
    return this.#plaintext;
  }

  /** Returns the output so far, and reports that it was sent. */
  take(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    for (let i = 0; i < output.length; i++) this.engine.sent();
    return output;
  }

  encrypted(bytes: Uint8Array): void {
    this.sizes.push(bytes.length);
    this.#output.push(bytes);
  }

  decrypted(chunk: Uint8Array): void {
    this.#plaintext += new TextDecoder().decode(chunk);
  }

  secured({ negotiatedProtocol }: { negotiatedProtocol: string | null }): void {
    this.events.push(`secured ${negotiatedProtocol}`);
  }

  peerClosed(): void {
    this.events.push("peer closed");
  }

  peerVanished(): void {
    this.events.push("peer vanished");
  }

  plaintextSent(): void {
    this.events.push("sent");
  }

  closeSent(): void {
    this.events.push("close sent");
  }

  tlsFailed(cause: Error): void {
    this.events.push(`failed: ${cause.message}`);
  }
}

interface PairOptions {
  readonly client?: TLSClientOptions;
  readonly server?: TLSServerOptions;
  readonly faults?: readonly string[];
  readonly seed?: string;
}

function makePair(
  { client = {}, server = {}, faults = [], seed = "1" }: PairOptions = {},
): [End, End] {
  const source = new FaultSource(new RandomStream(seed), faults, () => {});
  const tls = new SimulatedTLS(new RandomStream(seed), source.site("server"));
  const ends: [End, End] = [
    new End(tls.client(client).newEngine()),
    new End(tls.server(server).newEngine()),
  ];
  for (const end of ends) end.engine.start(end);
  return ends;
}

/** Passes all output to the other end, in chunks of a size, until there is none. */
function pump([client, server]: [End, End], size = Infinity): void {
  const pass = (from: End, to: End): boolean => {
    const output = from.take();
    for (const bytes of output) {
      for (let start = 0; start < bytes.length; start += size) {
        to.engine.receive(bytes.subarray(start, start + size));
      }
    }
    return output.length > 0;
  };
  while (pass(client, server) || pass(server, client));
}

Deno.test("SimulatedTLS secures both sides, after one or two round trips", () => {
  const rounds = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const pair = makePair({ seed: String(seed) });
    pump(pair);
    const [client, server] = pair;
    assertEquals([client.events, server.events], [["secured null"], ["secured null"]]);
    rounds.add(client.sizes.length - 1);
  }
  assertEquals(rounds, new Set([1, 2]));
});

Deno.test("SimulatedTLS transfers the bytes in both directions, in chunks of any size", () => {
  const text = fc.string({ maxLength: 40_000 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 5000 }), (one, other, size) => {
      const pair = makePair();
      const [client, server] = pair;
      pump(pair, size);
      client.engine.write(new TextEncoder().encode(one));
      server.engine.write(new TextEncoder().encode(other));
      pump(pair, size);
      assertEquals([server.text, client.text], [one, other]);
      assertEquals([client.events.at(-1), server.events.at(-1)], ["sent", "sent"]);
      client.engine.end();
      pump(pair, size);
      assertEquals([client.events.at(-1), server.events.at(-1)], ["close sent", "peer closed"]);
    }),
    { numRuns: 30 },
  );
});

Deno.test("SimulatedTLS sends records of at most 16 KiB, and reports a write once", () => {
  const pair = makePair();
  const [client, server] = pair;
  pump(pair);
  const before = client.sizes.length;
  client.engine.write(new Uint8Array(40_000));
  pump(pair);
  assertEquals(client.sizes.slice(before), [16389, 16389, 7237]);
  assertEquals([server.text.length, client.events], [40_000, ["secured null", "sent"]]);
});

Deno.test("SimulatedTLS draws the sizes of the handshake from the seed", () => {
  const sizes = (seed: string) => {
    const pair = makePair({ seed });
    pump(pair);
    return pair.map((end) => end.sizes);
  };
  assertEquals(sizes("a"), sizes("a"));
  assert(String(sizes("a")) !== String(sizes("b")));
});

Deno.test("SimulatedTLS negotiates the server's first protocol that the client supports", () => {
  const negotiate = (client: string[], server: string[]) => {
    const pair = makePair({
      client: { alpnProtocols: client },
      server: { alpnProtocols: server },
    });
    pump(pair);
    return pair.map(({ events }) => events.join());
  };
  assertEquals(negotiate(["a", "b"], ["c", "b", "a"]), ["secured b", "secured b"]);
  assertEquals(negotiate([], ["a"]), ["secured null", "secured null"]);
  const [client, server] = negotiate(["a"], ["b"]);
  assertEquals(server, "failed: the two sides have no application protocol in common");
  assertEquals(client, `failed: the peer sent the alert: ${server?.slice(8)}`);
});

Deno.test("SimulatedTLS requires a client's certificate as real TLS does", () => {
  const cert = { cert: "cert", key: "key" };
  for (
    const [server, client, succeeds] of [
      [{ clientCertificate: "require" }, {}, false],
      [{ clientCertificate: "require" }, cert, true],
      [{ caCerts: ["ca"] }, {}, false],
      [{ caCerts: ["ca"], clientCertificate: "request" }, {}, true],
    ] as const
  ) {
    const pair = makePair({ server, client });
    pump(pair);
    assertEquals(pair[1].events[0]?.startsWith("secured"), succeeds);
  }
});

Deno.test("SimulatedTLS fails a handshake by a fault, on both sides", () => {
  const pair = makePair({ faults: ["handshake failure server #1"] });
  pump(pair);
  const [client, server] = pair.map(({ events }) => events.join());
  assertEquals(server, "failed: the handshake failed by a fault");
  assertStringIncludes(client ?? "", "the peer sent the alert: the handshake failed by a fault");
});

Deno.test("SimulatedTLS fails for input that is not a handshake, whatever it is", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 5, maxLength: 200 }), (bytes) => {
    for (const end of makePair()) {
      end.engine.receive(bytes);
      end.engine.receiveEnd();
      assert(/^(failed: |peer (vanished|closed))/.test(end.events[0] ?? ""), String(end.events));
    }
  }));
  for (const text of ["", "null", "{}", '{"protocols":1,"hasCertificate":true,"rounds":0}']) {
    const [, server] = makePair();
    const content = new TextEncoder().encode(text);
    server.engine.receive(new Uint8Array([22, 0, 0, 0, content.length, ...content]));
    assertEquals(server.events, ["failed: the peer sent an invalid message"]);
  }
});

Deno.test("SimulatedTLS reports a peer that closes without a message, but not after destroy()", () => {
  const [client, server] = makePair();
  server.engine.receiveEnd();
  client.engine.destroy();
  client.engine.receiveEnd();
  client.engine.write(new Uint8Array(3));
  assertEquals([client.events, server.events], [[], ["peer vanished"]]);
});

Deno.test("SimulatedTLS carries the connections of listenTLS() and connectTLS()", async () => {
  const network = new SimulatedNetwork();
  const received: string[] = [];
  class Server extends Protocol {
    override connectionMade(): void {
      this.transport.write(`hello over ${this.transport.negotiatedProtocol}`);
      this.transport.loseConnection();
    }
  }
  class Client extends Protocol {
    override dataReceived(data: Uint8Array): void {
      received.push(new TextDecoder().decode(data));
    }

    override connectionLost(reason: Error): void {
      received.push(reason.name);
    }
  }
  const tls = { cert: "cert", key: "key", alpnProtocols: ["chat"] };
  network.addHost("server", ({ reactor }) => {
    reactor.listenTLS(443, Factory.forProtocol(Server), tls);
  });
  const { reactor } = network.addHost("client");
  network.callLater(0, () => {
    const factory = Object.assign(Factory.forProtocol(Client), {
      startedConnecting: () => {},
      clientConnectionFailed: (_: unknown, reason: Error) => void received.push(reason.message),
      clientConnectionLost: () => {},
    });
    reactor.connectTLS("server", 443, factory, { alpnProtocols: ["chat"] });
  });
  await network.runUntil(network.sleep(10));
  assertEquals(received, ["hello over chat", "ConnectionDone"]);
});
