import { FramingError } from "../framing/framing_error.ts";

/** The commands of a SOCKS request. */
export const SOCKSCommand = {
  /** Connect to the target. */
  CONNECT: 1,
  /** Accept a connection from the target. */
  BIND: 2,
  /** Relay datagrams. Only in version 5. */
  UDP_ASSOCIATE: 3,
} as const;

/** The methods of authentication of SOCKS 5 that this library knows. */
export const SOCKSMethod = {
  /** No authentication. */
  NONE: 0x00,
  /** A user name and a password: RFC 1929. */
  USERNAME_PASSWORD: 0x02,
  /** The server accepts none of the client's methods. */
  NO_ACCEPTABLE: 0xff,
} as const;

/** The reply codes of SOCKS 5: RFC 1928, section 6. */
export const SOCKS5Reply = {
  /** The request is granted. */
  SUCCEEDED: 0x00,
  /** The server has failed. */
  GENERAL_FAILURE: 0x01,
  /** The server's rules do not allow the connection. */
  NOT_ALLOWED: 0x02,
  /** The network cannot be reached. */
  NETWORK_UNREACHABLE: 0x03,
  /** The host cannot be reached, or its name has no address. */
  HOST_UNREACHABLE: 0x04,
  /** The host has refused the connection. */
  CONNECTION_REFUSED: 0x05,
  /** The host has not answered in time. */
  TTL_EXPIRED: 0x06,
  /** The server does not support the command. */
  COMMAND_NOT_SUPPORTED: 0x07,
  /** The server does not support the type of the address. */
  ADDRESS_TYPE_NOT_SUPPORTED: 0x08,
} as const;

/** The reply codes of SOCKS 4. */
export const SOCKS4Reply = {
  /** The request is granted. */
  GRANTED: 90,
  /** The request is rejected, or has failed. */
  REJECTED: 91,
  /** The server cannot reach the client's identd, which would confirm the user id. */
  NO_IDENTD: 92,
  /** The client's identd reports another user id. */
  IDENTD_MISMATCH: 93,
} as const;

/** Thrown when received bytes are not a message of SOCKS. */
export class InvalidSOCKSMessage extends FramingError {
  /** The error's name. */
  override readonly name = "InvalidSOCKSMessage";
}

/**
 * Thrown when a SOCKS 5 request names its target by an address of an unknown type, whose length is
 * unknown, too.
 */
export class UnknownSOCKSAddressType extends FramingError {
  /** The error's name. */
  override readonly name = "UnknownSOCKSAddressType";
}

/** The first message of a SOCKS 5 client: the methods of authentication that it supports. */
export interface SOCKSGreeting {
  /** The discriminant. */
  readonly type: "greeting";
  /** The methods, in the order of the message; see {@linkcode SOCKSMethod}. */
  readonly methods: readonly number[];
}

/** The credentials of a SOCKS 5 client: RFC 1929. */
export interface SOCKSCredentials {
  /** The discriminant. */
  readonly type: "credentials";
  /** The user name. */
  readonly username: string;
  /** The password. */
  readonly password: string;
}

/** A request of either version. */
export interface SOCKSRequest {
  /** The discriminant. */
  readonly type: "request";
  /** The version of SOCKS. */
  readonly version: 4 | 5;
  /** The command; see {@linkcode SOCKSCommand}. */
  readonly command: number;
  /** The target: an IP address or a host name, as the client has written it. */
  readonly host: string;
  /** The port number of the target. */
  readonly port: number;
  /** The user id of a SOCKS 4 client, which nothing proves; `null` in version 5. */
  readonly userId: string | null;
}

/** A message of a SOCKS client, in the order in which a client sends them. */
export type SOCKSClientMessage = SOCKSGreeting | SOCKSCredentials | SOCKSRequest;

/** The answer of a SOCKS 5 server to the greeting: the method that it has chosen. */
export interface SOCKSMethodSelection {
  /** The discriminant. */
  readonly type: "method";
  /** The method; see {@linkcode SOCKSMethod}. */
  readonly method: number;
}

/** The answer of a SOCKS 5 server to credentials. */
export interface SOCKSAuthentication {
  /** The discriminant. */
  readonly type: "authentication";
  /** 0 if the server has accepted the credentials. */
  readonly status: number;
}

/** The answer to a request. */
export interface SOCKSReply {
  /** The discriminant. */
  readonly type: "reply";
  /** The version of SOCKS. */
  readonly version: 4 | 5;
  /** The reply code; see {@linkcode SOCKS5Reply} and {@linkcode SOCKS4Reply}. */
  readonly code: number;
  /**
   * The host of the server's end of the connection to the target. SOCKS 4 servers usually send
   * `0.0.0.0`.
   */
  readonly host: string;
  /** The port number of that end. */
  readonly port: number;
}

/** A message of a SOCKS server, in the order in which a server sends them. */
export type SOCKSServerMessage = SOCKSMethodSelection | SOCKSAuthentication | SOCKSReply;
