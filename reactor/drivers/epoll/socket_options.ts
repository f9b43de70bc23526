/**
 * The options of TCP sockets that only a file descriptor has.
 *
 * @module
 */

import { checkInteger } from "../../../internal/validation.ts";
import type {
  ConnectTCPOptions,
  ConnectTLSOptions,
  ListenTCPOptions,
  ListenTLSOptions,
  TCPSocketOptions,
} from "../../interfaces/mod.ts";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_FASTOPEN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from "./constants.ts";
import { setOption } from "./socket_calls.ts";
import type { SystemCalls } from "./system_calls.ts";

/** Further options of the TCP sockets of `EpollReactor`. See socket(7) and tcp(7). */
export interface EpollSocketOptions {
  /**
   * Seconds between two keep-alive probes: an integer from 1 to 32767. It has an effect while
   * probes are sent, for example with `keepAlive`.
   *
   * @default {undefined} The setting of the system, 75 seconds on most.
   */
  keepAliveInterval?: number | undefined;
  /**
   * The number of unanswered keep-alive probes after which the connection is lost: an integer from
   * 1 to 127.
   *
   * @default {undefined} The setting of the system, 9 on most.
   */
  keepAliveCount?: number | undefined;
  /**
   * Seconds that sent data may stay unacknowledged before the connection is lost (RFC 5482): an
   * integer from 1 to 2147483.
   *
   * @default {undefined} The setting of the system, some 15 minutes on most.
   */
  userTimeout?: number | undefined;
  /**
   * The size of the system's receive buffer in bytes. The system limits and doubles it.
   *
   * @default {undefined} The system adapts the size to each connection.
   */
  receiveBufferSize?: number | undefined;
  /**
   * The size of the system's send buffer in bytes. The system limits and doubles it.
   *
   * @default {undefined} The system adapts the size to each connection.
   */
  sendBufferSize?: number | undefined;
}

/** Further options of listening TCP sockets of `EpollReactor`. */
export interface EpollListenOptions extends EpollSocketOptions {
  /**
   * Whether other sockets with this option may listen on the same address. The system spreads the
   * connections over them: several processes can share a port without a parent.
   *
   * @default {false}
   */
  reusePort?: boolean | undefined;
  /**
   * The number of connections that may be open before their handshake is complete, because the
   * client has sent its first data with the request (RFC 7413): an integer from 0 to 65535. The
   * system must allow it (`net.ipv4.tcp_fastopen`). The first data of a client may then arrive
   * twice.
   *
   * @default {0} None.
   */
  fastOpen?: number | undefined;
}

/** Options of `listenTCP` on `EpollReactor`. */
export interface EpollListenTCPOptions extends ListenTCPOptions, EpollListenOptions {}

/** Options of `connectTCP` on `EpollReactor`. */
export interface EpollConnectTCPOptions extends ConnectTCPOptions, EpollSocketOptions {}

/** Options of `listenTLS` on `EpollReactor`. */
export interface EpollListenTLSOptions extends ListenTLSOptions, EpollListenOptions {}

/** Options of `connectTLS` on `EpollReactor`. */
export interface EpollConnectTLSOptions extends ConnectTLSOptions, EpollSocketOptions {}

/**
 * Checks the further options of a socket.
 *
 * @throws {RangeError | TypeError} If an option is out of range or has the wrong type.
 */
export function checkEpollOptions(options: EpollListenOptions): void {
  const limits: [keyof EpollListenOptions, number, number][] = [
    ["keepAliveInterval", 1, 32767],
    ["keepAliveCount", 1, 127],
    ["userTimeout", 1, 2147483],
    ["receiveBufferSize", 1, 2147483647],
    ["sendBufferSize", 1, 2147483647],
    ["fastOpen", 0, 65535],
  ];
  for (const [name, least, most] of limits) {
    const { [name]: value } = options;
    if (value !== undefined) checkInteger(name, value, least, most);
  }
}

/**
 * Sets the options of a TCP socket. Connections that a listening socket accepts inherit them, so
 * they cost no call for each connection.
 */
export function setSocketOptions(
  system: SystemCalls,
  fd: number,
  options: TCPSocketOptions & EpollListenOptions,
): void {
  const { keepAlive, userTimeout } = options;
  const settings: [number, number, number | boolean | undefined][] = [
    [SOL_SOCKET, SO_KEEPALIVE, keepAlive === undefined ? undefined : true],
    [IPPROTO_TCP, TCP_KEEPIDLE, keepAlive],
    [IPPROTO_TCP, TCP_KEEPINTVL, options.keepAliveInterval],
    [IPPROTO_TCP, TCP_KEEPCNT, options.keepAliveCount],
    [IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeout === undefined ? undefined : userTimeout * 1000],
    [SOL_SOCKET, SO_RCVBUF, options.receiveBufferSize],
    [SOL_SOCKET, SO_SNDBUF, options.sendBufferSize],
    [SOL_SOCKET, SO_REUSEPORT, options.reusePort || undefined],
    [IPPROTO_TCP, TCP_FASTOPEN, options.fastOpen || undefined],
  ];
  for (const [level, option, setting] of settings) {
    if (setting !== undefined) setOption(system, fd, level, option, setting);
  }
}
