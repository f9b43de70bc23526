import { messageOf } from "../../internal/foreign_value.ts";
import { type Deferred, DeferredList, maybeDeferred } from "../../defer/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { IService, IServiceCollection } from "./interfaces.ts";
import { Service } from "./service.ts";
import { nameOf, start, startInFull, startPrivileged } from "./service_calls.ts";

/**
 * The failure of {@linkcode MultiService.stopService} when some of its services could not be
 * stopped. The other services have been stopped.
 */
export class ServicesNotStopped extends AggregateError {
  static {
    this.prototype.name = "ServicesNotStopped";
  }

  /** The services that could not be stopped, in the order of `errors`. */
  readonly services: readonly IService[];

  /**
   * Creates the error.
   *
   * @param failed The services that could not be stopped, each with its error.
   */
  constructor(failed: readonly (readonly [service: IService, error: Error])[]) {
    const each = failed.map(([service, error]) => `${nameOf(service)}: ${messageOf(error)}`).join(
      "; ",
    );
    super(
      failed.map(([, error]) => error),
      `Cannot stop ${failed.length} of the child services: ${each}`,
    );
    this.services = failed.map(([service]) => service);
  }
}

/**
 * A service that consists of other services. Twisted's `twisted.application.service.MultiService`.
 *
 * - **Starting** starts the services in the order in which they were added. If one throws, the
 *   error is thrown, the services after it are not started, and those before it run until
 *   `stopService()`.
 * - **Stopping** stops all services at once, beginning with the last one, and waits for all of
 *   them. If some fail, the others are still stopped, and the Deferred then fails with one
 *   `ServicesNotStopped`. (In Twisted the Deferred never fails: it fires with a list of results,
 *   which programs rarely look at.)
 * - **While it runs,** a service that is added is started, and one that is removed is stopped.
 *
 * @example
 * ```ts no-eval
 * import { ClientService, MultiService, reactor, startApplication } from "@torsion/reactor";
 * import { TCP4ClientEndpoint } from "@torsion/reactor/endpoints";
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
        `Cannot add ${nameOf(service)} to ${this}: it has a service named ${quote(name)} already`,
      );
    }
    this.#services.add(service);
    if (this.running) startInFull(service);
  }

  removeService(service: IService): PromiseLike<unknown> | void {
    if (!this.#services.delete(service)) {
      throw new RangeError(
        `Cannot remove ${nameOf(service)} from ${this}: the service is not in it`,
      );
    }
    return this.running ? service.stopService() : undefined;
  }

  getServiceNamed(name: string): IService {
    const service = this.#named(name);
    if (service === undefined) {
      throw new RangeError(
        `Cannot get the service ${quote(name)} of ${this}: no service has this name`,
      );
    }
    return service;
  }

  /** Iterates over the services, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<IService> {
    return this.#services.values();
  }

  /** Calls `privilegedStartService()` of each service. */
  override privilegedStartService(): void {
    super.privilegedStartService();
    for (const service of this.#each()) startPrivileged(service);
  }

  /** Calls `startService()` of each service, in the order in which they were added. */
  override startService(): void {
    super.startService();
    for (const service of this.#each()) start(service);
  }

  /**
   * Stops all services, beginning with the last one.
   *
   * @returns A Deferred that fires when all services have stopped. It fails with
   *   `ServicesNotStopped` if some could not be stopped. Cancelling it cancels the Deferreds of the
   *   services.
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

  /**
   * The current services, without those that are removed meanwhile. One that is added meanwhile is
   * started by addService().
   */
  *#each(): Iterable<IService> {
    for (const service of [...this.#services]) if (this.#services.has(service)) yield service;
  }
}
