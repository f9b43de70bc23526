/**
 * The parsers for descriptions of TCP endpoints.
 *
 * @module
 */

import type { IReactorTCP } from "../reactor/interfaces/mod.ts";
import { hostname, integer, localAddress, optional, seconds } from "./argument_types.ts";
import type { IReactorForNames } from "./connect_to_host.ts";
import type {
  IStreamClientEndpointStringParserWithReactor,
  IStreamServerEndpointStringParser,
} from "./endpoint_registry.ts";
import { TCP4ClientEndpoint, TCP4ServerEndpoint } from "./tcp.ts";
import { TCP6ClientEndpoint, TCP6ServerEndpoint } from "./tcp6.ts";

/** The arguments of a TCP port to listen on. */
export const LISTEN_TCP = {
  port: integer(0, 65535),
  interface: optional(localAddress),
  backlog: optional(integer(1, 65535)),
};

/** The arguments of a TCP port to connect to. */
export const CONNECT_TCP = {
  host: hostname,
  port: integer(1, 65535),
  timeout: optional(seconds),
  bindAddress: optional(localAddress),
};

/** Parses server endpoints: `tcp:80`, `tcp:80:interface=127.0.0.1`, `tcp:80:backlog=50`. */
export const tcpServerParser: IStreamServerEndpointStringParser<IReactorTCP> = {
  prefix: "tcp",
  parseStreamServer: (reactor, args) => {
    const { port, ...options } = args.take(["port", "interface", "backlog"], LISTEN_TCP);
    return new TCP4ServerEndpoint(reactor, port, options);
  },
};

/** Parses server endpoints: `tcp6:80`, `tcp6:80:interface=\:\:1`. */
export const tcp6ServerParser: IStreamServerEndpointStringParser<IReactorTCP> = {
  prefix: "tcp6",
  parseStreamServer: (reactor, args) => {
    // As in Twisted, the backlog comes before the interface here, while `tcp` has the interface
    // first.
    const { port, ...options } = args.take(["port", "backlog", "interface"], LISTEN_TCP);
    return new TCP6ServerEndpoint(reactor, port, options);
  },
};

/** Parses client endpoints: `tcp:example.org:80`, `tcp:host=example.org:port=80:timeout=5`. */
export const tcpClientParser: IStreamClientEndpointStringParserWithReactor<IReactorTCP> = {
  prefix: "tcp",
  parseStreamClient: (reactor, args) => {
    const { host, port, ...options } = args.take(["host", "port"], CONNECT_TCP);
    return new TCP4ClientEndpoint(reactor, host, port, options);
  },
};

/** Parses client endpoints: `tcp6:example.org:80`, `tcp6:\:\:1:80`. Twisted has no such type. */
export const tcp6ClientParser: IStreamClientEndpointStringParserWithReactor<IReactorForNames> = {
  prefix: "tcp6",
  parseStreamClient: (reactor, args) => {
    const { host, port, ...options } = args.take(["host", "port"], CONNECT_TCP);
    return new TCP6ClientEndpoint(reactor, host, port, options);
  },
};
