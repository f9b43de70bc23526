/**
 * The stream transports under test.
 *
 * @module
 */

import {
  Factory,
  type IListeningPort,
  type IStreamClientEndpoint,
  type Protocol,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
  UNIXClientEndpoint,
} from "../../mod.ts";
import type { HostReactor } from "../../reactor/drivers/deno/host_reactor.ts";
import { TestAuthority } from "../../testing/fixtures/certificates.ts";
import type { ProxyAddresses } from "./proxy.ts";

const LOOPBACK = { hostname: "127.0.0.1" };
// Shorter than the freeze of a proxy, and longer than its stalls.
const IDLE_SECONDS = 0.3;

/** The connection options of both sides. */
interface Options {
  readonly idleTimeout?: number;
}

/** A port of one transport, and the options of its connections. */
export interface Ports {
  readonly port: IListeningPort;
  readonly options: Options;
}

/** A stream transport under test. */
export interface TransportUnderTest {
  readonly name: string;
  /** Whether a clean close can be distinguished from a cut. */
  readonly isSecure: boolean;
  /** Returns the port for conversations with these properties. */
  ports(halfCloses: boolean, freezes: boolean): Ports;
  /** Returns the addresses of a proxy in front of a port. */
  addresses(ports: Ports): ProxyAddresses;
  /** Returns an endpoint that connects to the proxy. */
  client(to: Deno.Addr, options: Options): IStreamClientEndpoint;
  /** Stops the ports. */
  close(): Promise<void>;
}

/** Starts a port. */
type Listen = (factory: Factory, options: Options) => IListeningPort;

/**
 * Opens the ports of all transports.
 *
 * @param reactor The reactor of the ports.
 * @param folder The folder for UNIX sockets.
 * @param newServer Creates the server's side of a conversation, which may be half-closeable.
 * @returns The transports.
 */
export async function openTransports(
  reactor: HostReactor,
  folder: string,
  newServer: (halfCloses: boolean) => Protocol,
): Promise<TransportUnderTest[]> {
  const authority = await TestAuthority.make();
  const certificate = await authority.issue();
  const trust = { caCerts: [authority.cert] };
  const local = { interface: "127.0.0.1" };
  const reset = { resetOnAbort: true };
  let paths = 0;
  const path = (): string => `${folder}/${paths++}`;
  const transport = (
    name: string,
    listen: Listen,
    client: TransportUnderTest["client"],
    addresses: TransportUnderTest["addresses"] = tcpAddresses,
  ): TransportUnderTest => {
    const ports = [0, 1, 2, 3].map((i) => {
      const factory = new ServerFactory(() => newServer((i & 1) === 1));
      const options = (i & 2) === 2 ? { idleTimeout: IDLE_SECONDS } : {};
      return { port: listen(factory, options), options };
    });
    return {
      name,
      isSecure: name.startsWith("TLS"),
      ports: (halfCloses, freezes) => {
        const found = ports[Number(halfCloses) + 2 * Number(freezes)];
        if (found === undefined) throw new Error(`Cannot find the port of ${name}`);
        return found;
      },
      addresses,
      client,
      close: async () => {
        await Promise.all(ports.map(({ port }) => port.stopListening()));
      },
    };
  };
  return [
    transport(
      "TCP",
      (factory, options) => reactor.listenTCP(0, factory, { ...local, ...options }),
      (to, options) => new TCP4ClientEndpoint(reactor, "127.0.0.1", portOf(to), options),
    ),
    transport(
      "TLS",
      (factory, options) => reactor.listenTLS(0, factory, { ...local, ...certificate, ...options }),
      (to, options) =>
        new TLSClientEndpoint(reactor, "127.0.0.1", portOf(to), { ...trust, ...options }),
    ),
    transport(
      "UNIX",
      (factory, options) => reactor.listenUNIX(path(), factory, options),
      (to, options) => new UNIXClientEndpoint(reactor, pathOf(to), options),
      ({ port }) => ({
        listen: () => Deno.listen({ transport: "unix", path: path() }),
        connect: () => Deno.connect({ transport: "unix", path: String(port.getHost()) }),
      }),
    ),
    transport(
      "TCP by node:net",
      (factory, options) => reactor.listenTCP(0, factory, { ...local, ...reset, ...options }),
      (to, options) =>
        new TCP4ClientEndpoint(reactor, "127.0.0.1", portOf(to), { ...reset, ...options }),
    ),
  ];
}

class ServerFactory extends Factory {
  readonly #build: () => Protocol;

  constructor(build: () => Protocol) {
    super();
    this.#build = build;
  }

  override buildProtocol(): Protocol {
    return this.#build();
  }
}

function tcpAddresses({ port }: Ports): ProxyAddresses {
  const address = port.getHost();
  const number = "port" in address ? Number(address.port) : 0;
  return {
    listen: () => Deno.listen({ ...LOOPBACK, port: 0 }),
    connect: () => Deno.connect({ ...LOOPBACK, port: number }),
  };
}

function portOf(addr: Deno.Addr): number {
  return "port" in addr ? addr.port : 0;
}

function pathOf(addr: Deno.Addr): string {
  return "path" in addr ? addr.path : "";
}
