/**
 * A reactor on Linux's epoll(7), for servers with many connections. It needs `--allow-ffi`.
 *
 * @module
 */

export type { ListeningSocket, ListeningSocketOptions } from "./listening_socket.ts";
export { EpollReactor, type EpollReactorOptions } from "./reactor.ts";
export type {
  EpollConnectTCPOptions,
  EpollConnectTLSOptions,
  EpollListenOptions,
  EpollListenTCPOptions,
  EpollListenTLSOptions,
  EpollSocketOptions,
} from "./socket_options.ts";
