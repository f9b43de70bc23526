import { messageOf } from "../../internal/foreign_value.ts";
import { type Deferred, DeferredList, maybeDeferred } from "../../defer/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { IService, IServiceCollection } from "./interfaces.ts";
import { Service } from "./service.ts";
import { nameOf, start, startInFull, startPrivileged } from "./service_calls.ts";

/** Services that could not be stopped, each with its error. All others of their parent have been. */
export class ServicesNotStopped extends AggregateError {
  static {
    this.prototype.name = "ServicesNotStopped";
  }

  /** The services, in the order of `errors`. */
  readonly services: readonly IService[];

  /**
   * Makes the error.
   *
   * @param failed The services, each with its error.
   */
  constructor(failed: readonly (readonly [service: IService, error: Error])[]) {
    const each = failed.map(([service, error]) => `${nameOf(service)}: ${messageOf(error)}`).join(
      "; ",
    );
    super(
      failed.map(([, error]) => error),
      `Cannot stop ${failed.length} of the services: ${each}`,
    );
    this.services = failed.map(([service]) => service);
  }
}

/**
 * A service made of services. Twisted's `twisted.application.service.MultiService`.
 *
 * - **Starting** starts them in the order in which they were added. What one of them throws comes out, and leaves those behind it
 *   unstarted; those before it run until `stopService()`.
 * - **Stopping** stops all of them, the last one first. No service waits for another, but this waits for all. Any that fails keeps no
 *   other from stopping. In the end, all errors are in one `ServicesNotStopped`. (In Twisted the Deferred never fails: it fires with
 *   a list of results, at which nobody looks.)
 * - **While it runs,** what is added is started, and what is removed is stopped.
 *
 * @example
 * ```ts no-eval
 * import { ClientService, MultiService, reactor, startApplication, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const application = new MultiService();
 * for (const port of [2000, 2001]) {
 *   const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port);
 *   const client = new ClientService(endpoint, Factory.forProtocol(Protocol), { clock: reactor });
 *   client.setServiceParent(application);
 * }
 * startApplication(reactor, application);
 * await reactor.run();
 * ```
 */
export class MultiService extends Service implements IServiceCollection {
  readonly #services = new Set<IService>();

  addService(service: IService): void {
    const { name } = service;
    if (name !== null && this.#named(name) !== undefined) {
      throw new RangeError(
        `Cannot add ${nameOf(service)} to ${this}: it has one named ${quote(name)}`,
      );
    }
    this.#services.add(service);
    if (this.running) startInFull(service);
  }

  removeService(service: IService): PromiseLike<unknown> | void {
    if (!this.#services.delete(service)) {
      throw new RangeError(`Cannot remove ${nameOf(service)} from ${this}: it is not there`);
    }
    return this.running ? service.stopService() : undefined;
  }

  getServiceNamed(name: string): IService {
    const service = this.#named(name);
    if (service === undefined) throw new RangeError(`${this} has no service named ${quote(name)}`);
    return service;
  }

  /** The services, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<IService> {
    return this.#services.values();
  }

  /** See {@linkcode IService.privilegedStartService}: that of each. */
  override privilegedStartService(): void {
    super.privilegedStartService();
    for (const service of this.#each()) startPrivileged(service);
  }

  /** See {@linkcode IService.startService}: that of each. */
  override startService(): void {
    super.startService();
    for (const service of this.#each()) start(service);
  }

  /**
   * Stops them all, the last one first.
   *
   * @returns A Deferred that fires when all of them have stopped, or fails with `ServicesNotStopped` then. Cancelling it cancels
   *   theirs.
   */
  override stopService(): Deferred<void> {
    super.stopService();
    const services = [...this.#services].reverse();
    const stopping = services.map((service) => maybeDeferred(() => service.stopService()));
    return new DeferredList(stopping, { consumeErrors: true }).addCallback((entries) => {
      const failed = entries.flatMap(([succeeded, error], i) => {
        const service = services[i];
        return succeeded || service === undefined ? [] : [[service, error] as const];
      });
      if (failed.length > 0) throw new ServicesNotStopped(failed);
    });
  }

  #named(name: string): IService | undefined {
    return this.#services.values().find((service) => service.name === name);
  }

  /** Those that are here now and are still here when it is their turn: who comes meanwhile is started by coming. */
  *#each(): Iterable<IService> {
    for (const service of [...this.#services]) if (this.#services.has(service)) yield service;
  }
}
