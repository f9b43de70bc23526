/**
 * Files and environment variables of the host.
 *
 * @module
 */

/** The files and environment variables that string descriptions of endpoints may refer to. */
export interface IHostEnvironment {
  /** The id of this process. */
  readonly pid: number;
  /**
   * Returns the value of an environment variable, or `undefined` if the variable is not set.
   *
   * @param name The variable's name.
   * @throws {Error} If the permission to read the variable is missing.
   */
  getEnvironment(name: string): string | undefined;
  /**
   * Reads a file of UTF-8 text.
   *
   * @param path The path of the file.
   * @returns A promise for the text. It rejects if the file does not exist or cannot be read.
   */
  readTextFile(path: string): PromiseLike<string>;
  /**
   * Reads a directory.
   *
   * @param path The path of the directory.
   * @returns A promise for the names of its entries, in no particular order. It rejects if the
   *   directory does not exist or cannot be read.
   */
  readDirectory(path: string): PromiseLike<readonly string[]>;
}

/**
 * A reactor that reads files and environment variables for endpoints created from strings.
 *
 * In Twisted the parsers of endpoint strings read files themselves. Here the reactor does, so that
 * a test can replace the files, and no permission is needed until a string refers to one.
 */
export interface IReactorHostEnvironment {
  /** The host environment of the reactor. */
  readonly hostEnvironment: IHostEnvironment;
}
