/**
 * What the conformance tests of UDP run in.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import type { IMulticastTransport, IReactor, ListenMulticastOptions } from "../interfaces.ts";
import { type DatagramBehaviour, DatagramRecorder } from "./datagram_bed.ts";
import { SocketBed, type SocketTest, socketTest } from "./socket_bed.ts";

/** A recorder whose events can be waited for. */
export class AwaitedRecorder extends DatagramRecorder {
  readonly #waiting: { count: number; reached: () => void }[] = [];

  /** Waits until that many datagrams have come in all. */
  received(count: number): Promise<void> {
    if (this.sources.length >= count) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, reached: resolve });
    return promise;
  }

  override datagramReceived(...args: Parameters<DatagramRecorder["datagramReceived"]>): void {
    try {
      return super.datagramReceived(...args);
    } finally {
      for (const { count, reached } of this.#waiting) if (this.sources.length >= count) reached();
    }
  }
}

/** A socket of node's own, that this library has no part in. */
export class RawDatagrams {
  readonly #socket: Socket;
  readonly #received: { text: string; port: number }[] = [];
  #arrived: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (message, { port }) => {
      this.#received.push({ text: message.toString(), port });
      this.#arrived?.();
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(data: string | Uint8Array, port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { address } = this.#socket.address();
    this.#socket.send(data, port, address, (error) => error ? reject(error) : resolve());
    return promise;
  }

  /** The next datagram. */
  async next(): Promise<{ text: string; port: number }> {
    for (;;) {
      const first = this.#received.shift();
      if (first !== undefined) return first;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#arrived = resolve;
      await promise;
    }
  }
}

/** A port on a real socket. */
export interface UDPEnd {
  readonly protocol: AwaitedRecorder;
  readonly transport: IMulticastTransport;
  /** Its number. */
  readonly port: number;
}

/** A reactor for one test of UDP. */
export class UdpBed extends SocketBed {
  /** A port on the loopback interface. */
  listen(behaviour: DatagramBehaviour = {}, options: ListenMulticastOptions = {}): UDPEnd {
    const protocol = new AwaitedRecorder(behaviour);
    const transport = this.reactor.listenMulticast(0, protocol, {
      interface: "127.0.0.1",
      ...options,
    });
    return { protocol, transport, port: transport.getHost().port };
  }

  /** A bound socket of node's own. */
  async rawBind(address = "127.0.0.1"): Promise<RawDatagrams> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("error", reject);
    socket.bind(0, address, resolve);
    await promise;
    this.after(() => {
      const closed = Promise.withResolvers<void>();
      socket.close(() => closed.resolve());
      return closed.promise;
    });
    return new RawDatagrams(socket);
  }
}

/** What makes tests for one kind of reactor. */
export function udpTest(name: string, makeReactor: () => IReactor): SocketTest<UdpBed> {
  return socketTest(name, (errors) => new UdpBed(makeReactor(), errors));
}
