/**
 * connect() of every endpoint, cancelled at every moment, must leave nothing behind. These tests
 * use real sockets; the stages that need a clock or a special peer are in
 * `hostname_endpoint_test.ts` and `tls_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Deferred } from "../defer/mod.ts";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import type { SocketFixture } from "../testing/fixtures/socket_fixture.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { ConnectingCancelledError } from "../reactor/errors.ts";
import { TableNameResolver } from "../reactor/names/table_name_resolver.ts";
import {
  HostnameEndpoint,
  type IStreamClientEndpoint,
  ProcessEndpoint,
  TCP4ClientEndpoint,
  TCP6ClientEndpoint,
  TLSClientEndpoint,
  UNIXClientEndpoint,
  wrapClientTLS,
} from "./mod.ts";

const test = tcpTest("Cancelling connect()", () => new DenoReactor());
const { authority, server } = await testCertificates();
const trust = { caCerts: [authority.cert], serverName: "localhost" };

/**
 * A reactor of its own for the servers, so that whatever is left on the client's reactor belongs to
 * the client.
 */
function servers(fixture: SocketFixture): DenoReactor {
  const reactor = new DenoReactor();
  const running = reactor.run({ installSignalHandlers: false });
  fixture.after(() => {
    reactor.stop();
    return running;
  });
  return reactor;
}

function tcpPort(fixture: SocketFixture, host = "127.0.0.1"): number {
  return portOf(servers(fixture).listenTCP(0, new Wires(), { interface: host }).getHost());
}

function tlsPort(fixture: SocketFixture): number {
  const options = { interface: "127.0.0.1", ...server };
  return portOf(servers(fixture).listenTLS(0, new Wires(), options).getHost());
}

function unixPath(fixture: SocketFixture): string {
  const folder = Deno.makeTempDirSync();
  fixture.after(() => Deno.removeSync(folder, { recursive: true }));
  servers(fixture).listenUNIX(`${folder}/socket`, new Wires());
  return `${folder}/socket`;
}

/**
 * The client's reactor. It resolves one name, and no port is open at the first of its addresses.
 */
function resolving({ reactor }: SocketFixture): SocketFixture["reactor"] {
  reactor.installNameResolver(new TableNameResolver({ "here.test": ["::1", "127.0.0.1"] }));
  return reactor;
}

const ENDPOINTS: Record<string, (fixture: SocketFixture) => IStreamClientEndpoint> = {
  "TCP4ClientEndpoint": (fixture) =>
    new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", tcpPort(fixture)),
  "TCP4ClientEndpoint to a name": (fixture) =>
    new TCP4ClientEndpoint(resolving(fixture), "here.test", tcpPort(fixture)),
  "TCP4ClientEndpoint with a bindAddress": (fixture) =>
    new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", tcpPort(fixture), {
      bindAddress: "127.0.0.1",
    }),
  "TCP6ClientEndpoint": (fixture) =>
    new TCP6ClientEndpoint(fixture.reactor, "::1", tcpPort(fixture, "::1")),
  "HostnameEndpoint": (fixture) =>
    new HostnameEndpoint(resolving(fixture), "here.test", tcpPort(fixture)),
  "TLSClientEndpoint": (fixture) =>
    new TLSClientEndpoint(fixture.reactor, "127.0.0.1", tlsPort(fixture), trust),
  "wrapClientTLS(HostnameEndpoint)": (fixture) =>
    wrapClientTLS(trust, new HostnameEndpoint(resolving(fixture), "here.test", tlsPort(fixture))),
  "UNIXClientEndpoint": (fixture) => new UNIXClientEndpoint(fixture.reactor, unixPath(fixture)),
  "ProcessEndpoint": (fixture) => new ProcessEndpoint(fixture.reactor, "cat"),
};

const WAYS: Record<string, (connecting: Deferred<unknown>) => () => void> = {
  "cancel()": (connecting) => () => connecting.cancel(),
  "a signal": (connecting) => {
    const aborting = new AbortController();
    connecting.addSignal(aborting.signal);
    return () => aborting.abort();
  },
};

/**
 * Turns of the event loop after which the attempt is cancelled. At 0 the reactor does not run yet;
 * the last ones are after the connection is made.
 */
const MOMENTS = [0, 1, 2, 3, 4, 6, 8, 12, 20];

for (const [name, makeEndpoint] of Object.entries(ENDPOINTS)) {
  for (const [way, prepare] of Object.entries(WAYS)) {
    Deno.test(
      test(`${name}: cancelling by ${way} at any moment leaves no connection and no timer`, async (fixture) => {
        const endpoint = makeEndpoint(fixture);
        for (const moment of MOMENTS) {
          const wires = new Wires();
          const connecting = endpoint.connect(wires);
          const cancel = prepare(connecting);
          if (moment > 0) fixture.run();
          for (let turn = 0; turn < moment; turn++) await oneTurn();
          cancel();
          fixture.run();
          await cancelled(connecting, wires);
          await noTimers(fixture);
        }
      }),
    );
  }

  // A process is started before `connect()` returns.
  if (name === "ProcessEndpoint") continue;

  for (const stage of ["buildProtocol", "connectionMade"]) {
    Deno.test(
      test(`${name}: cancelling within ${stage}() fails connect() and closes the connection`, async (fixture) => {
        fixture.run();
        let cancel = () => {};
        const wires = new Wires(() => {
          if (stage === "buildProtocol") cancel();
          return new Wire({ connectionMade: () => stage === "connectionMade" && cancel() });
        });
        const connecting = makeEndpoint(fixture).connect(wires);
        cancel = () => connecting.cancel();
        assertEquals(await cancelled(connecting, wires), "failed");
        const events = wires.built.map((wire) => wire.events);
        assertEquals(events, [stage === "buildProtocol" ? [] : ["made", "lost"]]);
        await noTimers(fixture);
      }),
    );
  }
}

/** Resolves when nothing is left. */
async function cancelled(connecting: Deferred<Wire>, wires: Wires): Promise<"failed" | "too late"> {
  const [outcome] = await Promise.allSettled([connecting]);
  if (outcome.status === "rejected") assertInstanceOf(outcome.reason, ConnectingCancelledError);
  else outcome.value.transport.abortConnection();
  if (wires.events.includes("start")) await wires.called("stop");
  assertEquals(wires.events.filter((event) => event === "start" || event === "stop"), [
    "start",
    "stop",
  ]);
  for (const { events } of wires.built) {
    assert(events.length === 0 || events.at(-1) === "lost", `${events}`);
  }
  return outcome.status === "rejected" ? "failed" : "too late";
}

/**
 * The timers end soon, except during TLS's closing handshake. A leaked timer would run for 30 s or
 * longer.
 */
async function noTimers({ reactor }: SocketFixture): Promise<void> {
  for (let turn = 0; turn < 1000 && reactor.getDelayedCalls().length > 0; turn++) await oneTurn();
  assertEquals(reactor.getDelayedCalls(), []);
}

function oneTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
