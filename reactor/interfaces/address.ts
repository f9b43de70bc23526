/**
 * Where a connection comes from or goes to.
 *
 * @module
 */

/** Where a connection comes from or goes to. */
export interface IAddress {
  /** Whether the other address names the same place over the same kind of transport. */
  equals(other: IAddress): boolean;
  /** The address as people write it: `127.0.0.1:2000`, `[::1]:2000`, a path. */
  toString(): string;
}

/** Placeholder. */
export type Address = IAddress;
