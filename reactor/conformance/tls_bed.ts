/**
 * What the tests of TLS run in: certificates, ports and connectors that trust them, and wires that say more.
 *
 * @module
 */

import type { DenoReactor } from "../deno/reactor.ts";
import type {
  ConnectTLSOptions,
  IAddress,
  IConnector,
  IListeningPort,
  ListenTLSOptions,
  TLSCertificate,
} from "../interfaces.ts";
import { type TestAuthority, testCertificates } from "./certificates.ts";
import type { LoggedErrors } from "./logged_errors.ts";
import { SocketBed, type SocketTest, socketTest } from "./socket_bed.ts";
import { portOf } from "./tcp_bed.ts";
import { Bell, Wire, type WireBehaviour, Wires } from "./wire.ts";

/** A wire that is told of its handshake, as `secured` among its events. */
export class SecuredWire extends Wire {
  handshakeCompleted(): void {
    this.tell("secured", () => {});
  }
}

/** A factory of such, that also notes the handshakes that fail. */
export class SecuredWires extends Wires {
  /** The reasons of the handshakes that failed, and with whom. */
  readonly failures: { peer: IAddress; reason: Error }[] = [];
  readonly #failed = new Bell();

  constructor(behaviour: WireBehaviour = {}) {
    super(() => new SecuredWire(behaviour));
  }

  handshakeFailed(peer: IAddress, reason: Error): void {
    this.failures.push({ peer, reason });
    this.#failed.ring();
  }

  /** Resolves with the reason of the nth handshake that failed. */
  async failure(index = 0): Promise<Error> {
    await this.#failed.until(() => this.failures.length > index);
    const failure = this.failures[index];
    if (failure === undefined) throw new Error(`There is no failure ${index}`);
    return failure.reason;
  }
}

/** A bed with certificates. */
export class TlsBed extends SocketBed {
  readonly authority: TestAuthority;
  readonly server: TLSCertificate;

  constructor(
    reactor: DenoReactor,
    errors: LoggedErrors,
    { authority, server }: { authority: TestAuthority; server: TLSCertificate },
  ) {
    super(reactor, errors);
    this.authority = authority;
    this.server = server;
  }

  /** A port on the loopback interface. */
  listen(
    factory: Wires,
    options: ListenTLSOptions = {},
  ): IListeningPort & { readonly port: number } {
    const port = this.reactor.listenTLS(0, factory, {
      interface: "127.0.0.1",
      ...this.server,
      ...options,
    });
    return Object.assign(port, { port: portOf(port.getHost()) });
  }

  /** A connector to that port. It trusts the authority. */
  connect(port: number, factory: Wires, options: ConnectTLSOptions = {}): IConnector {
    const caCerts = [this.authority.cert];
    return this.reactor.connectTLS("127.0.0.1", port, factory, { caCerts, ...options });
  }

  /** Both sides of a connection. */
  async pair(
    serverOptions: ListenTLSOptions = {},
    clientOptions: ConnectTLSOptions = {},
  ): Promise<{ server: Wire; client: Wire }> {
    const [servers, clients] = [new SecuredWires(), new SecuredWires()];
    this.connect(this.listen(servers, serverOptions).port, clients, clientOptions);
    this.run();
    const [server, client] = await Promise.all([servers.wire(), clients.wire()]);
    return { server, client };
  }

  /** Why no connection comes about, as each side sees it. */
  async refusal(
    serverOptions: ListenTLSOptions,
    clientOptions: ConnectTLSOptions = {},
  ): Promise<{ server: Error; client: Error }> {
    const [servers, clients] = [new SecuredWires(), new SecuredWires()];
    this.connect(this.listen(servers, serverOptions).port, clients, clientOptions);
    this.run();
    const [server] = await Promise.all([servers.failure(), clients.told("failed")]);
    const [client] = clients.reasons;
    if (client === undefined) throw new Error("The client gave no reason");
    return { server, client };
  }
}

/** What makes tests of TLS. */
export async function tlsTest(
  name: string,
  makeReactor: () => DenoReactor,
): Promise<SocketTest<TlsBed>> {
  const certificates = await testCertificates();
  return socketTest(name, (errors) => new TlsBed(makeReactor(), errors, certificates));
}
