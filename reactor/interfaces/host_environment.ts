/**
 * What is around a process, beside the network.
 *
 * @module
 */

/** Files and variables, which endpoints' descriptions refer to by their names. */
export interface IHostEnvironment {
  /** The number of this process. */
  readonly pid: number;
  /**
   * The value of an environment variable; `undefined` when it is not set.
   *
   * @param name The variable's name.
   * @throws {Error} when it may not be read.
   */
  getEnvironment(name: string): string | undefined;
  /**
   * Reads a file of UTF-8 text.
   *
   * @param path Where it is.
   * @returns What is in it. Fails when it is not there, or may not be read.
   */
  readTextFile(path: string): PromiseLike<string>;
  /**
   * Reads a directory.
   *
   * @param path Where it is.
   * @returns The names of the files in it, in no particular order. Fails when it is not there, or may not be read.
   */
  readDirectory(path: string): PromiseLike<readonly string[]>;
}

/**
 * A reactor that reaches files and variables for the endpoints that are made of strings. Twisted's parsers read them by themselves; here
 * whatever touches the system is the reactor's, so that it can be another, and asks for no permission until it is used.
 */
export interface IReactorHostEnvironment {
  /** What is around it. */
  readonly hostEnvironment: IHostEnvironment;
}
