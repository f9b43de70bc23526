/**
 * The messages of SOCKS as bytes.
 *
 * @module
 */

import { checkInteger, quote } from "../../internal/validation.ts";
import { addressBytes } from "../../reactor/names/ip_address.ts";
import { AddressType } from "./socks_fields.ts";
import { SOCKSCommand } from "./socks_messages.ts";

const encoder = new TextEncoder();
const UNKNOWN_NAME = new Uint8Array([0, 0, 0, 1]);

/** The target of a request. */
export interface SOCKSTarget {
  /** An IP address or a host name. */
  host: string;
  /** The port number. */
  port: number;
}

/** The content of a SOCKS 4 request. */
export interface SOCKS4RequestOptions extends SOCKSTarget {
  /**
   * The command.
   *
   * @default {SOCKSCommand.CONNECT}
   */
  command?: number | undefined;
  /**
   * The user id.
   *
   * @default {""}
   */
  userId?: string | undefined;
}

/** The content of a SOCKS 5 request. */
export interface SOCKS5RequestOptions extends SOCKSTarget {
  /**
   * The command.
   *
   * @default {SOCKSCommand.CONNECT}
   */
  command?: number | undefined;
}

/** The content of a reply. */
export interface SOCKSReplyOptions {
  /** The reply code. */
  code: number;
  /**
   * The host of the server's end of the connection to the target.
   *
   * @default {"0.0.0.0"}
   */
  host?: string | undefined;
  /**
   * The port number of that end.
   *
   * @default {0}
   */
  port?: number | undefined;
}

/**
 * Returns a request of SOCKS 4, and of 4a if the host is a name.
 *
 * @param options The target.
 * @returns The request.
 * @throws {RangeError} when a part cannot be encoded, such as an IPv6 address.
 */
export function encodeSOCKS4Request(options: SOCKS4RequestOptions): Uint8Array {
  const { host, port, command = SOCKSCommand.CONNECT, userId = "" } = options;
  checkByte("command", command);
  checkPort(port);
  const ip = addressBytes(host);
  if (ip !== null && ip.length !== 4) {
    throw new RangeError(`host of a SOCKS 4 request must not be an IPv6 address, got ${host}`);
  }
  const user = field("userId", userId, 0);
  const name = ip === null ? field("host", host, 1) : null;
  if ([...user, ...name ?? []].includes(0)) {
    throw new RangeError(
      `userId and host of a SOCKS 4 request must not contain a zero byte, got ${
        quote(userId)
      } and ${quote(host)}`,
    );
  }
  return Uint8Array.of(
    ...[4, command, port >> 8, port & 0xff],
    ...ip ?? UNKNOWN_NAME,
    ...[...user, 0],
    ...name === null ? [] : [...name, 0],
  );
}

/**
 * Returns a reply of SOCKS 4.
 *
 * @param options The reply code and the address. An address that is not IPv4 is sent as `0.0.0.0`.
 * @returns The reply.
 * @throws {RangeError} when the code or the port is out of range.
 */
export function encodeSOCKS4Reply(options: SOCKSReplyOptions): Uint8Array {
  const { code, host = "0.0.0.0", port = 0 } = options;
  checkByte("code", code);
  checkPort(port);
  const ip = addressBytes(host);
  return Uint8Array.of(
    ...[0, code, port >> 8, port & 0xff],
    ...ip?.length === 4 ? ip : [0, 0, 0, 0],
  );
}

/**
 * Returns the greeting of a SOCKS 5 client.
 *
 * @param methods The methods of authentication that the client supports.
 * @returns The greeting.
 * @throws {RangeError} when there are more than 255 methods.
 */
export function encodeSOCKS5Greeting(methods: readonly number[]): Uint8Array {
  checkByte("number of methods", methods.length);
  for (const method of methods) checkByte("method", method);
  return Uint8Array.of(5, methods.length, ...methods);
}

/**
 * Returns the answer of a SOCKS 5 server to the greeting.
 *
 * @param method The method that the server has chosen.
 * @returns The answer.
 * @throws {RangeError} when the method is out of range.
 */
export function encodeSOCKS5MethodSelection(method: number): Uint8Array {
  checkByte("method", method);
  return Uint8Array.of(5, method);
}

/**
 * Returns the credentials of a SOCKS 5 client (RFC 1929). They are sent as plain text.
 *
 * @param username The user name, 1 to 255 bytes of UTF-8.
 * @param password The password, 1 to 255 bytes of UTF-8.
 * @returns The message.
 * @throws {RangeError} when one is empty or too long. The message does not contain the password.
 */
export function encodeSOCKS5Credentials(username: string, password: string): Uint8Array {
  const user = field("username", username, 1);
  const secret = encoder.encode(password);
  if (secret.length < 1 || secret.length > 255) {
    throw new RangeError(
      `password of SOCKS 5 must have 1 to 255 bytes of UTF-8, got one of ${secret.length}`,
    );
  }
  return Uint8Array.of(1, user.length, ...user, secret.length, ...secret);
}

/**
 * Returns the answer of a SOCKS 5 server to credentials.
 *
 * @param accepted Whether the server has accepted them.
 * @returns The answer.
 */
export function encodeSOCKS5Authentication(accepted: boolean): Uint8Array {
  return Uint8Array.of(1, accepted ? 0 : 1);
}

/**
 * Returns a request of SOCKS 5. A host name is sent as it is, so that the server looks it up.
 *
 * @param options The target.
 * @returns The request.
 * @throws {RangeError} when a part cannot be encoded.
 *
 * @example
 * ```ts
 * import { encodeSOCKS5Request } from "@torsion/reactor/socks";
 *
 * console.log(encodeSOCKS5Request({ host: "192.0.2.1", port: 80 }));
 * // 5, 1, 0, 1, 192, 0, 2, 1, 0, 80
 * ```
 */
export function encodeSOCKS5Request(options: SOCKS5RequestOptions): Uint8Array {
  const { host, port, command = SOCKSCommand.CONNECT } = options;
  checkByte("command", command);
  return Uint8Array.of(5, command, 0, ...address5(host, port));
}

/**
 * Returns a reply of SOCKS 5.
 *
 * @param options The reply code and the address.
 * @returns The reply.
 * @throws {RangeError} when a part cannot be encoded.
 */
export function encodeSOCKS5Reply(options: SOCKSReplyOptions): Uint8Array {
  const { code, host = "0.0.0.0", port = 0 } = options;
  checkByte("code", code);
  return Uint8Array.of(5, code, 0, ...address5(host, port));
}

function address5(host: string, port: number): number[] {
  checkPort(port);
  const ip = addressBytes(host);
  const name = ip === null ? field("host", host, 1) : new Uint8Array();
  const address = ip === null
    ? [AddressType.NAME, name.length, ...name]
    : [ip.length === 4 ? AddressType.IPV4 : AddressType.IPV6, ...ip];
  return [...address, port >> 8, port & 0xff];
}

/** Returns a text as bytes. */
function field(name: string, value: string, min: number): Uint8Array {
  const bytes = encoder.encode(value);
  if (bytes.length >= min && bytes.length <= 255) return bytes;
  throw new RangeError(`${name} of SOCKS must have ${min} to 255 bytes, got ${quote(value)}`);
}

function checkByte(name: string, value: number): void {
  checkInteger(`${name} of SOCKS`, value, 0, 255);
}

function checkPort(port: number): void {
  checkInteger("port of SOCKS", port, 0, 65535);
}
