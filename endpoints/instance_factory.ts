import { Factory } from "../protocol/mod.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";

/** Builds the one protocol that it has been given. */
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
