/**
 * The kinds of streams that conversations are held over.
 *
 * @module
 */

import {
  type DenoReactor,
  Factory,
  type IListeningPort,
  type IStreamClientEndpoint,
  type Protocol,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
  UNIXClientEndpoint,
} from "../../mod.ts";
import { TestAuthority } from "../../testing/fixtures/certificates.ts";
import type { ProxyPlaces } from "./proxy.ts";

const LOOPBACK = { hostname: "127.0.0.1" };
// Shorter than a proxy is frozen, and longer than it stalls.
const IDLE_SECONDS = 0.3;

/** The options of both sides. */
interface Options {
  readonly idleTimeout?: number;
}

/** A port of one kind, and what its connections have in common. */
export interface Ports {
  readonly port: IListeningPort;
  readonly options: Options;
}

/** A kind of stream. */
export interface Kind {
  readonly name: string;
  /** Whether an end in order can be told from a cut. */
  readonly isSecure: boolean;
  /** The port for such conversations. */
  ports(halfCloses: boolean, freezes: boolean): Ports;
  /** Where a proxy in front of that port is. */
  places(ports: Ports): ProxyPlaces;
  /** A client that connects to the proxy. */
  client(to: Deno.Addr, options: Options): IStreamClientEndpoint;
  /** Stops its ports. */
  close(): Promise<void>;
}

/** Makes a port. */
type Listen = (factory: Factory, options: Options) => IListeningPort;

/**
 * All kinds, each with its ports open.
 *
 * @param reactor What they are on.
 * @param folder Where UNIX sockets are.
 * @param newServer Makes a server's side, which may be half-closeable.
 */
export async function kinds(
  reactor: DenoReactor,
  folder: string,
  newServer: (halfCloses: boolean) => Protocol,
): Promise<Kind[]> {
  const authority = await TestAuthority.make();
  const certificate = await authority.issue();
  const trust = { caCerts: [authority.cert] };
  const local = { interface: "127.0.0.1" };
  const reset = { resetOnAbort: true };
  let paths = 0;
  const path = (): string => `${folder}/${paths++}`;
  const kind = (
    name: string,
    listen: Listen,
    client: Kind["client"],
    places: Kind["places"] = tcpPlaces,
  ): Kind => {
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
      places,
      client,
      close: async () => {
        await Promise.all(ports.map(({ port }) => port.stopListening()));
      },
    };
  };
  return [
    kind(
      "TCP",
      (factory, options) => reactor.listenTCP(0, factory, { ...local, ...options }),
      (to, options) => new TCP4ClientEndpoint(reactor, "127.0.0.1", portOf(to), options),
    ),
    kind(
      "TLS",
      (factory, options) => reactor.listenTLS(0, factory, { ...local, ...certificate, ...options }),
      (to, options) =>
        new TLSClientEndpoint(reactor, "127.0.0.1", portOf(to), { ...trust, ...options }),
    ),
    kind(
      "UNIX",
      (factory, options) => reactor.listenUNIX(path(), factory, options),
      (to, options) => new UNIXClientEndpoint(reactor, pathOf(to), options),
      ({ port }) => ({
        listen: () => Deno.listen({ transport: "unix", path: path() }),
        connect: () => Deno.connect({ transport: "unix", path: String(port.getHost()) }),
      }),
    ),
    kind(
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

function tcpPlaces({ port }: Ports): ProxyPlaces {
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
