import { logPrefixOf } from "../../defer/guarded_call.ts";
import type { Address, IProtocol, IProtocolFactory } from "../interfaces/mod.ts";
import { forwardFailedHandshakes } from "./forwarded_methods.ts";

/**
 * A factory that builds its protocols with a function, and forwards every other call to another
 * factory. Twisted's `WrappingFactory` and `_WrappingFactory` do so with a class of protocols.
 *
 * @typeParam P The protocols that the function builds.
 */
export class ForwardingFactory<P extends IProtocol = IProtocol> implements IProtocolFactory {
  readonly #factory: IProtocolFactory;
  readonly #build: (addr: Address) => P | null;

  /**
   * @param factory The factory that receives the other calls.
   * @param build The function that builds the protocol for a connection.
   */
  constructor(factory: IProtocolFactory, build: (addr: Address) => P | null) {
    this.#factory = factory;
    this.#build = build;
    forwardFailedHandshakes(this, factory);
  }

  get noisy(): boolean {
    return this.#factory.noisy ?? true;
  }

  buildProtocol(addr: Address): P | null {
    return this.#build(addr);
  }

  doStart(): void {
    return this.#factory.doStart();
  }

  doStop(): void {
    return this.#factory.doStop();
  }

  logPrefix(): string {
    return logPrefixOf(this.#factory);
  }
}
