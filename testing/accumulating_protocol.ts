import type { Deferred } from "../defer/mod.ts";
import { Protocol } from "../protocol/mod.ts";
import type { IProtocolFactory } from "../reactor/interfaces/mod.ts";
import { CollectedBytes } from "./collected_bytes.ts";

/**
 * A protocol that collects what it receives, and can fire a Deferred when it is connected or
 * disconnected. Twisted's `AccumulatingProtocol`.
 *
 * If its factory has a Deferred in a member `protocolConnectionMade`, the first protocol that is
 * connected takes that Deferred, sets the member to `null`, and fires the Deferred with itself.
 *
 * @typeParam F The factory that builds it.
 *
 * @example
 * ```ts
 * import { Deferred } from "@torsion/reactor/defer";
 * import { Factory } from "@torsion/reactor/protocol";
 * import { IPv4Address } from "@torsion/reactor/reactor";
 * import { AccumulatingProtocol, StringTransport } from "@torsion/reactor/testing";
 *
 * class AccumulatingFactory extends Factory<AccumulatingProtocol> {
 *   override protocol = AccumulatingProtocol;
 *   protocolConnectionMade: Deferred<AccumulatingProtocol> | null = new Deferred();
 * }
 *
 * const factory = new AccumulatingFactory();
 * factory.protocolConnectionMade?.addCallback((protocol) => {
 *   protocol.dataReceived(new TextEncoder().encode("hello"));
 *   console.log(protocol.text()); // hello
 * });
 * const peer = new IPv4Address("TCP", "192.0.2.1", 80);
 * factory.buildProtocol(peer)?.makeConnection(new StringTransport());
 * ```
 */
export class AccumulatingProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends Protocol<F> {
  #builder: F | null = null;
  readonly #received = new CollectedBytes();
  #made = false;
  #closed = false;
  #closedReason: Error | null = null;

  /** Set it to a Deferred that fires when `connectionLost` is called. It is `null` again then. */
  closedDeferred: Deferred<void> | null = null;

  /** Whether `connectionMade` has been called. */
  get made(): boolean {
    return this.#made;
  }

  /** Whether `connectionLost` has been called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The reason that `connectionLost` has received; `null` before that. */
  get closedReason(): Error | null {
    return this.#closedReason;
  }

  /** All bytes that were received. A test may set it, for example to an empty array. */
  get data(): Uint8Array {
    return this.#received.value();
  }

  set data(data: Uint8Array) {
    this.#received.clear();
    this.#received.add(data);
  }

  /** Returns {@linkcode data} decoded as UTF-8. Twisted has no equivalent. */
  text(): string {
    return this.#received.text();
  }

  /** The factory that built this protocol. */
  override get factory(): F {
    return super.factory;
  }

  override set factory(factory: F) {
    this.#builder = factory;
    super.factory = factory;
  }

  /** Sets {@linkcode made}, and fires `protocolConnectionMade` of the factory. */
  override connectionMade(): void {
    this.#made = true;
    const factory = this.#builder;
    if (factory === null || !awaitsProtocol(factory)) return;
    const connected = factory.protocolConnectionMade;
    factory.protocolConnectionMade = null;
    connected?.callback(this);
  }

  /** Adds the bytes to {@linkcode data}. */
  override dataReceived(data: Uint8Array): void {
    this.#received.add(data);
  }

  /** Sets {@linkcode closed} and {@linkcode closedReason}, and fires {@linkcode closedDeferred}. */
  override connectionLost(reason: Error): void {
    this.#closed = true;
    this.#closedReason = reason;
    const closed = this.closedDeferred;
    this.closedDeferred = null;
    closed?.callback();
  }
}

/** Returns whether a factory has the member for the first protocol that is connected. */
function awaitsProtocol(
  factory: IProtocolFactory,
): factory is IProtocolFactory & { protocolConnectionMade: Deferred<unknown> | null } {
  return "protocolConnectionMade" in factory;
}
