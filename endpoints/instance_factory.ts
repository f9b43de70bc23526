import { Factory } from "../protocol/factory.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";

/** A factory that builds one protocol, which exists already. */
export class InstanceFactory<P extends IProtocol> extends Factory<P> {
  readonly #instance: P;
  override noisy = false;

  /** @param instance The protocol. */
  constructor(instance: P) {
    super();
    this.#instance = instance;
  }

  override buildProtocol(): P {
    return this.#instance;
  }
}
