/**
 * The interfaces of services and of their containers.
 *
 * @module
 */

/**
 * A part of a program that is started when the program starts, and stopped when it ends. Twisted's
 * `IService`.
 */
export interface IService extends AsyncDisposable {
  /** The service's name within its parent; `null` if it has none. */
  readonly name: string | null;
  /** Whether the service has been started, and not stopped since. */
  readonly running: boolean;
  /** The container that the service belongs to; `null` if there is none. */
  readonly parent: IServiceCollection | null;
  /**
   * Sets the service's name.
   *
   * @param name The name.
   * @throws {Error} when the service has a parent already.
   */
  setName(name: string): void;
  /**
   * Adds the service to a parent, and removes it from its former parent. A parent that is running
   * starts it.
   *
   * @param parent The new parent.
   * @throws {RangeError} when the parent has a service with the same name. The service then has no
   *   parent.
   */
  setServiceParent(parent: IServiceCollection): void;
  /**
   * Removes the service from its parent. A parent that is running stops it.
   *
   * @returns The result of {@linkcode stopService}, if the service was stopped.
   * @throws {Error} when there is no parent.
   */
  disownServiceParent(): PromiseLike<unknown> | void;
  /**
   * Does the work that requires privileges, before the program drops them and calls
   * {@linkcode startService}: for example, listens on a port below 1024 before `process.setuid()`.
   */
  privilegedStartService(): void;
  /** Starts the service. */
  startService(): void;
  /**
   * Stops the service. Does nothing if it has not been started.
   *
   * @returns A Deferred or a promise that fires when the service has stopped; nothing if it has
   *   stopped at once.
   */
  stopService(): PromiseLike<unknown> | void;
  /** Stops the service. For `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A container of services. Twisted's `IServiceCollection`. */
export interface IServiceCollection extends Iterable<IService> {
  /**
   * Returns the service with a name.
   *
   * @param name The name.
   * @returns The service.
   * @throws {RangeError} when there is no service with this name.
   */
  getServiceNamed(name: string): IService;
  /**
   * Adds a service, and starts it if this container is running. Only
   * {@linkcode IService.setServiceParent} calls this.
   *
   * @param service The service.
   * @throws {RangeError} when there is a service with the same name already.
   */
  addService(service: IService): void;
  /**
   * Removes a service, and stops it if this container is running. Only
   * {@linkcode IService.disownServiceParent} calls this.
   *
   * @param service The service.
   * @returns The result of its {@linkcode IService.stopService}, if it was stopped.
   * @throws {RangeError} when the service is not in this container.
   */
  removeService(service: IService): PromiseLike<unknown> | void;
}
