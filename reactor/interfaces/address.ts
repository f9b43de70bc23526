/**
 * Addresses: where a connection or datagram comes from or goes to.
 *
 * @module
 */

/** What every address has in common. Twisted's `IAddress`. */
export interface IAddress {
  /** Whether the other address has the same type and the same values. */
  equals(other: IAddress): boolean;
  /** The address in its usual notation: `127.0.0.1:2000`, `[::1]:2000`, a path. */
  toString(): string;
}

/** An IP address and a port number. `IPv4Address` and `IPv6Address` implement it. */
export interface IInternetAddress extends IAddress {
  /** The transport that the port number belongs to. */
  readonly type: "TCP" | "UDP";
  /** The IP address; in a destination that has not been resolved yet, possibly a name. */
  readonly host: string;
  /** The port number. */
  readonly port: number;
}

/** A host name that has not been resolved yet, and a port number. `HostnameAddress` implements it. */
export interface IHostnameAddress extends IAddress {
  /** Tells it from the other addresses. */
  readonly type: "HOSTNAME";
  /** The host name. */
  readonly hostname: string;
  /** The port number. */
  readonly port: number;
}

/** The address of a UNIX socket. `UNIXAddress` implements it. */
export interface IUNIXAddress extends IAddress {
  /** Tells it from the other addresses. */
  readonly type: "UNIX";
  /**
   * The path; `""` for an unnamed socket, as a client's usually is. An abstract name of Linux begins
   * with a zero byte.
   */
  readonly name: string;
}

/** The process's standard input and output. `PipeAddress` implements it. */
export interface IPipeAddress extends IAddress {
  /** Tells it from the other addresses. */
  readonly type: "PIPE";
}

/** A child process. `ProcessAddress` implements it. */
export interface IProcessAddress extends IAddress {
  /** Tells it from the other addresses. */
  readonly type: "PROCESS";
  /** The program that the process runs. */
  readonly executable: string;
  /** The process id; `null` before the process has been started. */
  readonly pid: number | null;
}

/**
 * The address of either end of a connection: a union that TypeScript narrows by `type`, or by the
 * presence of a field.
 *
 * @example
 * ```ts
 * import type { Address } from "@torsion/reactor";
 *
 * function hostOf(address: Address): string {
 *   return address.type === "TCP" ? address.host : "local";
 * }
 *
 * function portOf(address: Address): number | null {
 *   return "port" in address ? address.port : null;
 * }
 * ```
 */
export type Address =
  | IInternetAddress
  | IHostnameAddress
  | IUNIXAddress
  | IPipeAddress
  | IProcessAddress;
