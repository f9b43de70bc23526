/**
 * What the tests run in that are TCP's own.
 *
 * @module
 */

import { connect as nodeConnect, type Socket } from "node:net";
import type { IPv4Address } from "../addresses.ts";
import type { IAddress, IListeningPort, IReactor } from "../interfaces.ts";
import type { RawPeer } from "./raw_peer.ts";
import { SocketBed, type SocketTest, socketTest } from "./socket_bed.ts";
import type { Wires } from "./wire.ts";

/** A bed with TCP ports on the loopback interface. */
export class TcpBed extends SocketBed {
  /** A port on the loopback interface. */
  listen(
    factory: Wires,
    options: Parameters<IReactor["listenTCP"]>[2] = {},
  ): IListeningPort & { readonly port: number } {
    const port = this.reactor.listenTCP(0, factory, { interface: "127.0.0.1", ...options });
    return Object.assign(port, { port: portOf(port.getHost()) });
  }

  /** A listener of Deno's own. */
  rawListen(options: Partial<Deno.TcpListenOptions> = {}): Deno.TcpListener {
    return this.closeAfter(Deno.listen({ hostname: "127.0.0.1", port: 0, ...options }));
  }

  /** A connection of Deno's own. */
  async rawConnect(port: number): Promise<RawPeer> {
    return this.raw(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** A socket of node's, which can bind an address. */
  nodeConnect(port: number, localAddress: string): Promise<Socket> {
    return nodeSocket(this, port, localAddress);
  }
}

/** A socket of node's, which can reset and bind an address: connected, and closed after the test. */
export function nodeSocket(bed: SocketBed, port: number, localAddress: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = nodeConnect({ host: "127.0.0.1", port, localAddress });
  socket.once("connect", () => resolve(socket));
  socket.once("error", reject);
  bed.after(() => {
    const closed = Promise.withResolvers<void>();
    if (socket.closed) closed.resolve();
    else socket.once("close", () => closed.resolve());
    socket.destroy();
    return closed.promise;
  });
  return promise;
}

/** The port number of an address. */
export function portOf(address: IAddress): number {
  return (address as IPv4Address).port; // every address in these tests has one
}

/** Defines a test of a reactor, which `f` runs when it is ready to. */
export type TcpTest = SocketTest<TcpBed>;

/** What makes tests for one kind of reactor. */
export function tcpTest(name: string, makeReactor: () => IReactor): TcpTest {
  return socketTest(name, (errors) => new TcpBed(makeReactor(), errors));
}
