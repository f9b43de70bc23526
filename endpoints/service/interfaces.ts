/**
 * A service, and what holds services.
 *
 * @module
 */

/** Something that is started when the program starts, and stopped when it ends. Twisted's `IService`. */
export interface IService extends AsyncDisposable {
  /** The name by which its parent knows it, or `null`. */
  readonly name: string | null;
  /** Whether it has been started and not stopped since. */
  readonly running: boolean;
  /** What it is part of, or `null`. */
  readonly parent: IServiceCollection | null;
  /**
   * Names the service.
   *
   * @throws {Error} when it has a parent, which knows it by its name.
   */
  setName(name: string): void;
  /**
   * Makes the service part of another, and leaves the one that it is part of. A parent that runs starts it.
   *
   * @throws {RangeError} when the parent has a service of that name. Then the service has no parent.
   */
  setServiceParent(parent: IServiceCollection): void;
  /**
   * Leaves the parent. One that runs stops the service.
   *
   * @returns What {@linkcode stopService} returned, if the service was stopped.
   * @throws {Error} when there is no parent.
   */
  disownServiceParent(): PromiseLike<unknown> | void;
  /**
   * Does what takes rights that the program gives up before {@linkcode startService}: listens on a port below 1024, say, before
   * `process.setuid()`.
   */
  privilegedStartService(): void;
  /** Starts the service. */
  startService(): void;
  /**
   * Stops the service. One that has not been started is left as it is.
   *
   * @returns A Deferred or promise, if it takes time: it fires when the service has stopped.
   */
  stopService(): PromiseLike<unknown> | void;
  /** {@linkcode stopService}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What holds services. Twisted's `IServiceCollection`. */
export interface IServiceCollection extends Iterable<IService> {
  /**
   * The service of that name.
   *
   * @throws {RangeError} when there is none.
   */
  getServiceNamed(name: string): IService;
  /**
   * Takes a service in, and starts it if this runs. For {@linkcode IService.setServiceParent} to call, and nobody else.
   *
   * @throws {RangeError} when there is one of that name already.
   */
  addService(service: IService): void;
  /**
   * Lets a service go, and stops it if this runs. For {@linkcode IService.disownServiceParent} to call, and nobody else.
   *
   * @returns What its {@linkcode IService.stopService} returned, if it was stopped.
   * @throws {RangeError} when it is not here.
   */
  removeService(service: IService): PromiseLike<unknown> | void;
}
