import { Deferred } from "../defer/mod.ts";
import { logPrefixOf } from "../defer/guarded_call.ts";
import type {
  IDrainableProtocol,
  IHalfCloseableProtocol,
  IHandshakeListener,
  IProtocol,
  ITransport,
} from "../reactor/interfaces/mod.ts";
import {
  isDrainable,
  isHandshakeListener,
  type OptionalMethodsForwarder,
  supports,
  supportsMethod,
} from "../reactor/stream/protocol_capabilities.ts";
import { checkSwitchable, switchProtocol } from "../reactor/stream/protocol_switch.ts";
import { lendMemory, memoryFilled, type MemoryLender } from "../reactor/stream/memory_lender.ts";
import { connectProducers, forwardData, forwardLoss, forwardReadEnd } from "./forwarded_events.ts";
import { ForwardedMemory } from "./forwarded_memory.ts";

/** Two connections that {@linkcode joinConnections} has joined. */
export interface JoinedConnections {
  /** The number of bytes that have been forwarded from `a` to `b`. */
  readonly bytesFromA: number;
  /** The number of bytes that have been forwarded from `b` to `a`. */
  readonly bytesFromB: number;
  /** Fires when both connections are lost. */
  readonly closed: Deferred<void>;
}

/** The methods of a joined end that are always called. */
const OWN_METHODS = ["readConnectionLost", "writeConnectionLost"];

/** The protocol of one of two joined connections. */
class JoinedEnd
  implements
    IHalfCloseableProtocol,
    IHandshakeListener,
    IDrainableProtocol,
    MemoryLender,
    OptionalMethodsForwarder {
  readonly transport: ITransport;
  /** The number of bytes that have been forwarded from this end to the other one. */
  bytes = 0;
  /** Whether the connection is lost. */
  isLost: boolean;
  readonly #lost: () => void;
  #former: IProtocol | null = null;
  #other: JoinedEnd | null = null;
  #hasReadEnded = false;
  readonly #memory = new ForwardedMemory();

  /**
   * @param transport The connection.
   * @param lost Called when the connection is lost.
   */
  constructor(transport: ITransport, lost: () => void) {
    this.transport = transport;
    this.isLost = !transport.connected;
    this.#lost = lost;
  }

  /** Replaces the protocol of the connection. */
  install(other: JoinedEnd): void {
    this.#other = other;
    this.#former = switchProtocol("join", this.transport, this);
  }

  makeConnection(): void {
    // Nothing to do: the connection was made with the former protocol.
  }

  connectionMade(): void {}

  dataReceived(data: Uint8Array): void {
    if (this.#other === null || this.#other.isLost) return;
    this.bytes += data.length;
    forwardData(this.#other.transport, data);
  }

  [lendMemory](sizeHint: number): Uint8Array<ArrayBuffer> | null {
    return this.#memory.lend(sizeHint);
  }

  [memoryFilled](count: number): void {
    if (this.#other === null || this.#other.isLost) return;
    this.bytes += count;
    this.#memory.forward(this.#other.transport, count);
  }

  readConnectionLost(): void {
    this.#hasReadEnded = true;
    this.#memory.release();
    if (this.#other !== null && !this.#other.isLost) forwardReadEnd(this.#other.transport);
  }

  writeConnectionLost(): void {}

  connectionLost(reason: Error): void {
    this.isLost = true;
    this.#memory.abandon();
    const other = this.#other;
    if (other !== null && !other.isLost) {
      forwardLoss(other.transport, reason, this.#hasReadEnded);
    }
    this.#lost();
    return this.#former?.connectionLost(reason);
  }

  handshakeCompleted(): void {
    const former = this.#former;
    if (former !== null && isHandshakeListener(former)) return former.handshakeCompleted();
  }

  drainRequested(): void {
    const former = this.#former;
    if (former !== null && isDrainable(former)) return former.drainRequested();
  }

  logPrefix(): string {
    return this.#former === null ? "joined connection" : logPrefixOf(this.#former);
  }

  [supportsMethod](method: string): boolean {
    const former = this.#former;
    return OWN_METHODS.includes(method) || former !== null && supports(former, method);
  }
}

/**
 * Joins two connections: what arrives on one is sent on the other, until both are lost. Twisted has
 * no equivalent; its port forwarder has two protocols that know each other.
 *
 * - A slow reader pauses its sender at the source: each connection is the producer of the other
 *   one, and little more than the high-water mark of a write buffer is kept for each direction.
 * - Large amounts are sent from the memory into which they were read. The connections of a process
 *   share this memory, and idle ones have none of it, except for up to 32 of them on the default
 *   reactor, which wait for the rest of a transfer.
 * - When one peer closes its writing side, the writing side of the other connection is closed after
 *   all data. Data still flows in the other direction.
 * - When one connection closes cleanly, the other one is closed after all data. When one breaks,
 *   the other one is aborted, so that its peer does not take a part for the whole.
 *
 * The protocols of the connections receive no further data. Their `connectionLost` is called when
 * their connection is lost, and `drainRequested` as before. Send first what has been received and
 * not consumed, such as `b.write(this.takeRest())`. Paused connections are resumed. To end joined
 * connections, abort one of them: `loseConnection` waits for the other one, which is its producer.
 *
 * @param a A connection: the `transport` of a protocol.
 * @param b Another connection.
 * @returns The counts of the forwarded bytes, and a Deferred that fires at the end.
 * @throws {Error} when a connection has a registered producer, or both are the same.
 * @throws {UnsupportedError} when a transport cannot pass its connection on, such as one of a test.
 *
 * @example Connect a client to the server that it names in its first line
 * ```ts
 * import type { IStreamClientEndpoint } from "@torsion/reactor";
 * import { connectProtocol } from "@torsion/reactor/endpoints";
 * import { joinConnections, LineReceiver, Protocol } from "@torsion/reactor/protocol";
 *
 * class Switchboard extends LineReceiver {
 *   constructor(readonly lines: ReadonlyMap<string, IStreamClientEndpoint>) {
 *     super();
 *   }
 *
 *   override async textReceived(name: string) {
 *     const endpoint = this.lines.get(name);
 *     if (endpoint === undefined) return this.transport.loseConnection();
 *     this.pauseProducing();
 *     const { transport } = await connectProtocol(endpoint, new Protocol());
 *     transport.write(this.clearLineBuffer());
 *     joinConnections(this.transport, transport);
 *   }
 * }
 * ```
 */
export function joinConnections(a: ITransport, b: ITransport): JoinedConnections {
  if (a === b) throw new Error(`Cannot join ${a} with itself`);
  checkSwitchable("join", a);
  checkSwitchable("join", b);
  const closed = new Deferred<void>();
  const lost = (): void => {
    if (endA.isLost && endB.isLost && !closed.called) closed.callback();
  };
  const endA = new JoinedEnd(a, lost);
  const endB = new JoinedEnd(b, lost);
  const areOpen = a.connected && b.connected;
  if (areOpen) connectProducers(a, b);
  endA.install(endB);
  endB.install(endA);
  if (areOpen) {
    a.resumeProducing();
    b.resumeProducing();
  } else {
    a.loseConnection();
    b.loseConnection();
    lost();
  }
  return {
    get bytesFromA(): number {
      return endA.bytes;
    },
    get bytesFromB(): number {
      return endB.bytes;
    },
    closed,
  };
}
