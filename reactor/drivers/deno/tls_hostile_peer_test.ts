/**
 * Peers whose handshake messages try to end this process, as an exception in an event handler of
 * `node:tls` would.
 */

import { connect, createServer } from "node:tls";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import { portOf } from "../../../testing/fixtures/tcp_fixture.ts";
import { SecuredWires, type TLSFixture, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { TLSError } from "../../errors.ts";
import type { ConnectTLSOptions } from "../../interfaces/mod.ts";
import { nodeTLS } from "../node/tls_contexts.ts";
import type { TLSEngine, TLSEngineSink } from "../../tls/tls_engine.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());
const JUNK = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** A server of node's that sends certificates which listenTLS() refuses to send. */
async function nodeServer(fixture: TLSFixture, cert: string): Promise<number> {
  const server = createServer({ cert, key: fixture.server.key }, (socket) => {
    socket.on("error", () => {});
    socket.resume();
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  fixture.after(() => new Promise((closed) => server.close(closed)));
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return address.port;
}

const TRUSTS: Record<string, (fixture: TLSFixture) => ConnectTLSOptions> = {
  "caCerts": ({ authority }) => ({ caCerts: [authority.cert] }),
  "the system's roots": () => ({ caCerts: [] }),
};

for (const [how, options] of Object.entries(TRUSTS)) {
  Deno.test(
    test(`connectTLS() with ${how} fails only that handshake if the chain is unreadable`, async (fixture) => {
      const port = await nodeServer(fixture, `${fixture.server.cert}\n${JUNK}`);
      fixture.run();
      const clients = new SecuredWires();
      fixture.connect(port, clients, { serverName: "localhost", ...options(fixture) });
      await clients.called("failed");
      assertInstanceOf(clients.reasons[0], TLSError);
    }),
  );
}

for (const clientCertificate of ["require", "request"] as const) {
  Deno.test(
    test(`listenTLS() with "${clientCertificate}" fails only handshakes with an unreadable chain`, async (fixture) => {
      const { cert, key } = await fixture.authority.issue({ name: "CN=Alice", dns: [], ip: [] });
      const servers = new SecuredWires();
      const port = fixture.listen(servers, {
        caCerts: [fixture.authority.cert],
        clientCertificate,
      });
      fixture.run();
      const ca = fixture.authority.cert;
      const client = { port: portOf(port.getHost()), host: "127.0.0.1", ca, key };
      const hostile = connect({ ...client, cert: `${cert}\n${JUNK}` });
      hostile.on("error", () => {}).resume();
      fixture.after(() => hostile.destroy());
      assertInstanceOf(await servers.failure(), TLSError);
      const honest = connect({ ...client, cert });
      honest.on("error", () => {}).resume();
      fixture.after(() => honest.destroy());
      const { transport } = await servers.wire();
      assertEquals(transport.getPeerCertificate()?.subject.CN, "Alice");
    }),
  );
}

/** One side of a handshake in memory. Its bytes reach the other side modified. */
class Side implements TLSEngineSink {
  readonly #engine: TLSEngine;
  readonly #change: (flight: Uint8Array) => Uint8Array;
  peer: Side | null = null;
  outcome = "none";

  constructor(engine: TLSEngine, change: (flight: Uint8Array) => Uint8Array) {
    this.#engine = engine;
    this.#change = change;
  }

  start(): void {
    this.#engine.start(this);
  }

  receive(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#engine.receive(bytes);
  }

  end(): void {
    this.#engine.destroy();
  }

  encrypted(bytes: Uint8Array): void {
    const flight = this.#change(bytes.slice());
    setImmediate(() => this.peer?.receive(flight));
    this.#engine.sent();
  }

  secured(): void {
    this.outcome = "secured";
  }

  tlsFailed(cause: Error): void {
    assertInstanceOf(cause, Error);
    this.outcome = "failed";
  }

  decrypted(): void {}
  peerClosed(): void {}
  peerVanished(): void {}
  plaintextSent(): void {}
  closeSent(): void {}
}

/** More turns than any handshake takes, deferred work of the engines included. */
const TURNS = 20;

Deno.test(
  test("NodeTLSEngine does not throw on client or server if handshake bytes are modified", async (fixture) => {
    const { authority, server } = fixture;
    const own = await authority.issue({ name: "CN=Alice", dns: [], ip: [] });
    const caCerts = [authority.cert];
    const servers = [
      nodeTLS.server({ ...server, alpnProtocols: ["a"] }),
      nodeTLS.server({ certificates: () => Promise.resolve(server), caCerts }),
    ];
    const client = nodeTLS.client({
      ...own,
      caCerts,
      serverName: "localhost",
      alpnProtocols: ["a"],
    });
    const changes = fc.array(
      fc.record({ at: fc.nat(2000), mask: fc.integer({ min: 1, max: 255 }) }),
      { maxLength: 3 },
    );
    const run = async (
      [ofServer, ofClient]: readonly { at: number; mask: number }[][],
      cut: number,
      which: number,
    ) => {
      const changing =
        (list: readonly { at: number; mask: number }[] = []) => (bytes: Uint8Array) => {
          for (const { at, mask } of list) {
            const i = at % bytes.length;
            bytes[i] = (bytes[i] ?? 0) ^ mask;
          }
          return bytes.subarray(0, cut);
        };
      const context = servers[which];
      assert(context !== undefined);
      const a = new Side(context.newEngine(), changing(ofServer));
      const b = new Side(client.newEngine(), changing(ofClient));
      [a.peer, b.peer] = [b, a];
      a.start();
      b.start();
      for (let turn = 0; turn < TURNS; turn++) await new Promise((next) => setImmediate(next));
      a.end();
      b.end();
      await new Promise((next) => setImmediate(next));
      return [a.outcome, b.outcome];
    };
    assertEquals(await run([[], []], Infinity, 0), ["secured", "secured"]);
    assertEquals(await run([[], []], Infinity, 1), ["secured", "secured"]);
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(changes, changes).map((both) => [...both]),
        fc.oneof(fc.constant(Infinity), fc.nat(1500)),
        fc.nat(1),
        async (both, cut, which) => void await run(both, cut, which),
      ),
      { numRuns: 100, seed: 8 },
    );
  }),
);
