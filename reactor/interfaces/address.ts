/**
 * Addresses of connections and datagrams.
 *
 * @module
 */

/** The members that every address has. Twisted's `IAddress`. */
export interface IAddress {
  /** Returns whether `other` is an address of the same type with the same values. */
  equals(other: IAddress): boolean;
  /** Returns the address in its usual notation: `127.0.0.1:2000`, `[::1]:2000`, a path. */
  toString(): string;
}

/** An IP address and a port number. `IPv4Address` and `IPv6Address` implement it. */
export interface IInternetAddress extends IAddress {
  /** The transport protocol that the port number belongs to. */
  readonly type: "TCP" | "UDP";
  /** The IP address. In the destination of a connector it may be an unresolved host name. */
  readonly host: string;
  /** The port number. */
  readonly port: number;
}

/** An unresolved host name and a port number. `HostnameAddress` implements it. */
export interface IHostnameAddress extends IAddress {
  /** The discriminant of the {@linkcode Address} union. */
  readonly type: "HOSTNAME";
  /** The host name. */
  readonly hostname: string;
  /** The port number. */
  readonly port: number;
}

/** The address of a UNIX socket. `UNIXAddress` implements it. */
export interface IUNIXAddress extends IAddress {
  /** The discriminant of the {@linkcode Address} union. */
  readonly type: "UNIX";
  /**
   * The path of the socket, or `""` for an unnamed socket, such as that of most clients. A name in
   * the abstract namespace of Linux begins with a zero byte.
   */
  readonly name: string;
}

/** The process's standard input and output. `PipeAddress` implements it. */
export interface IPipeAddress extends IAddress {
  /** The discriminant of the {@linkcode Address} union. */
  readonly type: "PIPE";
}

/** A child process. `ProcessAddress` implements it. */
export interface IProcessAddress extends IAddress {
  /** The discriminant of the {@linkcode Address} union. */
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
