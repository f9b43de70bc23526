/**
 * An endpoint whose attempts do what a test says.
 *
 * @module
 */

import { Deferred } from "../../../defer/mod.ts";
import { IPv4Address } from "../../../reactor/addresses.ts";
import { ConnectionDone, NoProtocol } from "../../../reactor/errors.ts";
import type { IProtocol, ITransport } from "../../../reactor/interfaces.ts";
import type { IStreamClientEndpoint, ITypedProtocolFactory } from "../../interfaces.ts";

/** One call of `connect()`. */
export class FakeDial {
  /** What the endpoint was given. */
  readonly factory: ITypedProtocolFactory<IProtocol>;
  /** Whose connection has been made last. */
  protocol: IProtocol | null = null;
  /** Whether `loseConnection()` has been called. */
  disconnecting = false;
  isCancelled = false;
  /** Whether the Deferred has not fired. */
  isPending = true;
  isLost = false;
  #built: IProtocol | null = null;
  readonly #fire: (outcome: IProtocol | Error) => void;
  readonly #losesAtOnce: boolean;

  constructor(
    factory: ITypedProtocolFactory<IProtocol>,
    losesAtOnce: boolean,
    fire: (outcome: IProtocol | Error) => void,
  ) {
    this.factory = factory;
    this.#losesAtOnce = losesAtOnce;
    this.#fire = fire;
  }

  /** Whether a connection has been made and not lost. */
  get isOpen(): boolean {
    return this.protocol !== null && !this.isLost;
  }

  /** The connection is made, and the Deferred fires. */
  succeed(): void {
    const protocol = this.make();
    this.#fire(protocol ?? new NoProtocol("The factory built no protocol"));
  }

  /** The protocol is built; the connection is still to be made. */
  build(): IProtocol | null {
    return this.#built ??= this.factory.buildProtocol(new IPv4Address("TCP", "192.0.2.2", 2222));
  }

  /** The connection is made, and the Deferred does not know. */
  make(): IProtocol | null {
    const protocol = this.build();
    this.#built = null;
    if (protocol === null) return null;
    this.protocol = protocol;
    this.isLost = this.disconnecting = false;
    const loseConnection = () => {
      this.disconnecting = true;
      if (this.#losesAtOnce) this.lose();
    };
    // All that these tests use of a transport.
    protocol.makeConnection({ loseConnection } as ITransport);
    return protocol;
  }

  /** The Deferred fails. */
  fail(error: Error = new RangeError("no connection")): void {
    this.#fire(error);
  }

  /** The connection is lost. */
  lose(reason: Error = new ConnectionDone()): void {
    if (!this.isOpen) return;
    this.isLost = true;
    this.protocol?.connectionLost(reason);
  }
}

/** How a {@linkcode FakeEndpoint} behaves. */
export interface FakeEndpointBehaviour {
  /** Called in `connect()`, when the dial is there; it may have the dial succeed or fail at once. */
  dialling?: (dial: FakeDial) => void;
  /** Called when the Deferred is cancelled; without it, that fails with `CancelledError`. It may have the dial fail or succeed. */
  cancelled?: (dial: FakeDial) => void;
  /** Whether `loseConnection()` loses the connection at once. @default {false} */
  losesAtOnce?: boolean;
}

/** The endpoint. */
export class FakeEndpoint implements IStreamClientEndpoint {
  /** The calls of `connect()`, in their order. */
  readonly dials: FakeDial[] = [];
  readonly #behaviour: FakeEndpointBehaviour;

  constructor(behaviour: FakeEndpointBehaviour = {}) {
    this.#behaviour = behaviour;
  }

  connect<P extends IProtocol>(factory: ITypedProtocolFactory<P>): Deferred<P> {
    const result = new Deferred<P>(() => {
      dial.isCancelled = true;
      this.#behaviour.cancelled?.(dial);
    });
    const dial = new FakeDial(factory, this.#behaviour.losesAtOnce ?? false, (outcome) => {
      if (result.called) return;
      if (outcome instanceof Error) result.errback(outcome);
      else result.callback(outcome as P); // the dial's own factory built it
    });
    result.addBoth((outcome) => {
      dial.isPending = false;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
    this.dials.push(dial);
    try {
      this.#behaviour.dialling?.(dial);
    } catch (error) {
      // The caller never gets the Deferred, which the dial may still fail.
      result.addErrback(() => {});
      throw error;
    }
    return result;
  }

  /** The nth call of `connect()`, counted from 0; the last by default. */
  dial(index = -1): FakeDial {
    const dial = this.dials.at(index);
    if (dial === undefined) throw new Error(`There is no dial ${index}`);
    return dial;
  }

  toString(): string {
    return "192.0.2.2:2222";
  }
}

/** What has come out of a Deferred, synchronously. It is consumed. */
export function outcomes<T>(deferred: Deferred<T>): (T | Error)[] {
  const seen: (T | Error)[] = [];
  deferred.addBoth((outcome) => void seen.push(outcome));
  return seen;
}
