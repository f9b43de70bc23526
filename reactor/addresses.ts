/**
 * The address classes. Twisted's `twisted.internet.address`.
 *
 * @module
 */

import type {
  IAddress,
  IHostnameAddress,
  IInternetAddress,
  IPipeAddress,
  IProcessAddress,
  IUNIXAddress,
} from "./interfaces/mod.ts";

/** The transport protocol of an internet address. */
export type InternetTransport = "TCP" | "UDP";

/** The base class of `IPv4Address` and `IPv6Address`. */
export abstract class InternetAddress implements IInternetAddress {
  /** The transport protocol: `"TCP"` or `"UDP"`. */
  readonly type: InternetTransport;
  /** The IP address. In the destination of a connector it may be an unresolved host name. */
  readonly host: string;
  /** The port number. */
  readonly port: number;

  /**
   * Creates an address.
   *
   * @param type The transport protocol.
   * @param host The IP address, or an unresolved host name.
   * @param port The port number.
   */
  constructor(type: InternetTransport, host: string, port: number) {
    this.type = type;
    this.host = host;
    this.port = port;
  }

  /** Returns whether `other` has the same class, transport protocol, host and port. */
  equals(other: IAddress): boolean {
    return other instanceof InternetAddress && other.constructor === this.constructor &&
      other.type === this.type && other.host === this.host && other.port === this.port;
  }

  /** Returns the address in its usual notation. */
  abstract toString(): string;
}

/**
 * An IPv4 address and port.
 *
 * @example
 * ```ts
 * import { IPv4Address } from "@torsion/reactor/reactor";
 *
 * const address = new IPv4Address("TCP", "127.0.0.1", 2000);
 * console.log(`${address}`); // 127.0.0.1:2000
 * ```
 */
export class IPv4Address extends InternetAddress {
  /** Returns the address in its usual notation: `127.0.0.1:2000`. */
  override toString(): string {
    return `${this.host}:${this.port}`;
  }
}

/**
 * An IPv6 address and port. Twisted's class also has a scope and a flow label, which Deno does not
 * report.
 */
export class IPv6Address extends InternetAddress {
  /** Returns the address in its usual notation: `[::1]:2000`. */
  override toString(): string {
    return `[${this.host}]:${this.port}`;
  }
}

/** An unresolved host name and a port. Twisted's `HostnameAddress`. */
export class HostnameAddress implements IHostnameAddress {
  /** The discriminant of the `Address` union. */
  readonly type: "HOSTNAME" = "HOSTNAME";
  /** The host name. */
  readonly hostname: string;
  /** The port number. */
  readonly port: number;

  /**
   * Creates an address.
   *
   * @param hostname The host name.
   * @param port The port number.
   */
  constructor(hostname: string, port: number) {
    this.hostname = hostname;
    this.port = port;
  }

  /** Returns whether `other` is a `HostnameAddress` with the same host name and port. */
  equals(other: IAddress): boolean {
    return other instanceof HostnameAddress && other.hostname === this.hostname &&
      other.port === this.port;
  }

  /** Returns the address in its usual notation: `example.org:80`, `[::1]:80`. */
  toString(): string {
    const host = isIPv6Address(this.hostname) ? `[${this.hostname}]` : this.hostname;
    return `${host}:${this.port}`;
  }
}

/**
 * The address of a UNIX socket: a path in the file system, or an abstract name. Twisted's
 * `UNIXAddress`.
 */
export class UNIXAddress implements IUNIXAddress {
  /** The discriminant of the `Address` union. */
  readonly type: "UNIX" = "UNIX";
  /**
   * The path of the socket, or `""` for an unnamed socket, such as that of most clients. A name in
   * the abstract namespace of Linux begins with a zero byte.
   */
  readonly name: string;

  /**
   * Creates an address.
   *
   * @param name The path, or `""` for an unnamed socket.
   */
  constructor(name: string) {
    this.name = name;
  }

  /**
   * Returns whether `other` is a `UNIXAddress` with the same path. Twisted also compares the files
   * and follows symbolic links.
   */
  equals(other: IAddress): boolean {
    return other instanceof UNIXAddress && other.name === this.name;
  }

  /**
   * Returns the path, or `unix:` for an unnamed socket. The zero byte of an abstract name is shown
   * as `@`, as in `ss` and `lsof`.
   */
  toString(): string {
    return this.name === "" ? "unix:" : this.name.replace(/^\0/, "@");
  }
}

/** The address of standard input and output. Twisted's `stdio.PipeAddress`. */
export class PipeAddress implements IPipeAddress {
  /** The discriminant of the `Address` union. */
  readonly type: "PIPE" = "PIPE";

  /** Returns whether `other` is a `PipeAddress`. */
  equals(other: IAddress): boolean {
    return other instanceof PipeAddress;
  }

  /** Returns `standard input and output`. */
  toString(): string {
    return "standard input and output";
  }
}

/**
 * The address of a child process. Twisted's `ProcessEndpoint` has a private class without fields.
 */
export class ProcessAddress implements IProcessAddress {
  /** The discriminant of the `Address` union. */
  readonly type: "PROCESS" = "PROCESS";
  /** The program that the process runs. */
  readonly executable: string;
  /** The process id; `null` before the process has been started. */
  readonly pid: number | null;

  /**
   * Creates an address.
   *
   * @param executable The program that the process runs.
   * @param pid The process id. The default is `null`, for a process that has not been started.
   */
  constructor(executable: string, pid?: number | null) {
    this.executable = executable;
    this.pid = pid ?? null;
  }

  /** Returns whether `other` is a `ProcessAddress` with the same program and process id. */
  equals(other: IAddress): boolean {
    return other instanceof ProcessAddress && other.executable === this.executable &&
      other.pid === this.pid;
  }

  /** Returns the program and the process id: `sort (1234)`. */
  toString(): string {
    return this.pid === null ? this.executable : `${this.executable} (${this.pid})`;
  }
}

// A dual-stack socket reports the address of an IPv4 peer as an IPv6 address with this prefix (RFC
// 4291 section 2.5.5.2).
const MAPPED_PREFIX = "::ffff:";

/**
 * Returns an address object for a host.
 *
 * @param type The transport protocol.
 * @param host An IP address, or an unresolved host name.
 * @param port The port number.
 * @returns An `IPv6Address` if the host contains a colon, and otherwise an `IPv4Address`. An
 *   IPv4-mapped IPv6 address (`::ffff:127.0.0.1`) gives an `IPv4Address`, because the peer uses
 *   IPv4.
 */
export function internetAddress(
  type: InternetTransport,
  host: string,
  port: number,
): IPv4Address | IPv6Address {
  if (host.includes(":")) {
    const mapped = host.startsWith(MAPPED_PREFIX) && host.includes(".");
    return mapped
      ? new IPv4Address(type, host.slice(MAPPED_PREFIX.length), port)
      : new IPv6Address(type, host, port);
  }
  return new IPv4Address(type, host, port);
}

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/**
 * Returns whether `host` is an IPv4 address: four decimal numbers without leading zeros. Twisted's
 * `isIPAddress`.
 */
export function isIPAddress(host: string): boolean {
  return IPV4.test(host);
}

/**
 * Returns whether `host` is an IPv6 address (RFC 4291 section 2.2), with or without a zone (RFC
 * 4007 section 11). Twisted's `isIPv6Address`.
 */
export function isIPv6Address(host: string): boolean {
  if (!host.includes(":")) return false;
  const [, address] = /^([\da-f:.]+)(?:%[!-$&-.0-~]+)?$/i.exec(host) ?? [];
  return address !== undefined && URL.canParse(`http://[${address}]/`);
}
