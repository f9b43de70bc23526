/**
 * Addresses as values. Twisted's `twisted.internet.address`.
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

/** The kind of transport that an internet address belongs to. */
export type InternetTransport = "TCP" | "UDP";

/** What an IPv4 and an IPv6 address have in common. */
export abstract class InternetAddress implements IInternetAddress {
  /** `"TCP"` or `"UDP"`. */
  readonly type: InternetTransport;
  /** The numeric address, or a name that is not yet resolved. */
  readonly host: string;
  /** The port number. */
  readonly port: number;

  /**
   * Makes an address.
   *
   * @param type The kind of transport.
   * @param host The numeric address, or a name that is not yet resolved.
   * @param port The port number.
   */
  constructor(type: InternetTransport, host: string, port: number) {
    this.type = type;
    this.host = host;
    this.port = port;
  }

  /** Whether the other address is of the same kind, and has the same host and port. */
  equals(other: IAddress): boolean {
    return other instanceof InternetAddress && other.constructor === this.constructor &&
      other.type === this.type && other.host === this.host && other.port === this.port;
  }

  /** The address as people write it. */
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
  /** The address as people write it: `127.0.0.1:2000`. */
  override toString(): string {
    return `${this.host}:${this.port}`;
  }
}

/** An IPv6 address and port. Twisted's has a scope and a flow, too; Deno tells neither. */
export class IPv6Address extends InternetAddress {
  /** The address as people write it: `[::1]:2000`. */
  override toString(): string {
    return `[${this.host}]:${this.port}`;
  }
}

/** A host's name and a port, before anybody has looked the name up. Twisted's `HostnameAddress`. */
export class HostnameAddress implements IHostnameAddress {
  /** `"HOSTNAME"`. */
  readonly type = "HOSTNAME";
  /** The name. */
  readonly hostname: string;
  /** The port number. */
  readonly port: number;

  /**
   * Makes an address.
   *
   * @param hostname The name.
   * @param port The port number.
   */
  constructor(hostname: string, port: number) {
    this.hostname = hostname;
    this.port = port;
  }

  /** Whether the other address is one of a name, too, and has the same name and port. */
  equals(other: IAddress): boolean {
    return other instanceof HostnameAddress && other.hostname === this.hostname &&
      other.port === this.port;
  }

  /** The address as people write it: `example.org:80`, `[::1]:80`. */
  toString(): string {
    const host = isIPv6Address(this.hostname) ? `[${this.hostname}]` : this.hostname;
    return `${host}:${this.port}`;
  }
}

/** The address of a UNIX socket: a path in the file system, or an abstract name. Twisted's `UNIXAddress`. */
export class UNIXAddress implements IUNIXAddress {
  /** `"UNIX"`. */
  readonly type = "UNIX";
  /** The path; `""` for an end that has none, as a client's. An abstract name of Linux's begins with a zero byte. */
  readonly name: string;

  /**
   * Makes an address.
   *
   * @param name The path; `""` for an end that has none.
   */
  constructor(name: string) {
    this.name = name;
  }

  /** Whether the other address is one of a UNIX socket, too, and has the same path. Twisted's looks at the file, and follows links. */
  equals(other: IAddress): boolean {
    return other instanceof UNIXAddress && other.name === this.name;
  }

  /** The path, or `unix:` for an end that has none. An abstract name has `@` for its zero byte, as `ss` and `lsof` show it. */
  toString(): string {
    return this.name === "" ? "unix:" : this.name.replace(/^\0/, "@");
  }
}

/** Standard input and output. Twisted's `stdio.PipeAddress`. */
export class PipeAddress implements IPipeAddress {
  /** `"PIPE"`. */
  readonly type = "PIPE";

  /** Whether the other address is this process's standard input and output, too. */
  equals(other: IAddress): boolean {
    return other instanceof PipeAddress;
  }

  /** `standard input and output`. */
  toString(): string {
    return "standard input and output";
  }
}

/** A child process. Twisted's `ProcessEndpoint` has a private one, without content. */
export class ProcessAddress implements IProcessAddress {
  /** `"PROCESS"`. */
  readonly type = "PROCESS";
  /** The program that it runs. */
  readonly executable: string;
  /** The number of the process; null for one that is yet to be started. */
  readonly pid: number | null;

  /**
   * Makes an address.
   *
   * @param executable The program that it runs.
   * @param pid The number of the process, if it has been started.
   */
  constructor(executable: string, pid: number | null = null) {
    this.executable = executable;
    this.pid = pid;
  }

  /** Whether the other address is the same process. */
  equals(other: IAddress): boolean {
    return other instanceof ProcessAddress && other.executable === this.executable &&
      other.pid === this.pid;
  }

  /** The program and the number: `sort (1234)`. */
  toString(): string {
    return this.pid === null ? this.executable : `${this.executable} (${this.pid})`;
  }
}

// An IPv4 peer of a socket that listens on both families (RFC 4291 section 2.5.5.2).
const MAPPED_PREFIX = "::ffff:";

/**
 * The address class that fits a host: IPv6 for what has a colon, a name for what is neither, else IPv4. An IPv4 address
 * mapped into IPv6 (`::ffff:127.0.0.1`) comes out as IPv4: it is an IPv4 peer.
 *
 * @param type The kind of transport.
 * @param host A numeric address or a name.
 * @param port The port number.
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

/** Whether it is an IPv4 address: four numbers, in decimal digits and without leading zeros. Twisted's `isIPAddress`. */
export function isIPAddress(host: string): boolean {
  return IPV4.test(host);
}

/** Whether it is an IPv6 address (RFC 4291 section 2.2), with a zone or without (RFC 4007 section 11). Twisted's `isIPv6Address`. */
export function isIPv6Address(host: string): boolean {
  const [, address] = /^([\da-f:.]+)(?:%[!-$&-.0-~]+)?$/i.exec(host) ?? [];
  return address !== undefined && address.includes(":") && URL.canParse(`http://[${address}]/`);
}
