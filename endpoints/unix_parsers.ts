/**
 * The parsers for descriptions of UNIX endpoints.
 *
 * @module
 */

import type { IReactorUNIX } from "../reactor/interfaces/mod.ts";
import { flag, integer, mode, optional, seconds, text } from "./argument_types.ts";
import type {
  IStreamClientEndpointStringParserWithReactor,
  IStreamServerEndpointStringParser,
} from "./endpoint_registry.ts";
import { UNIXClientEndpoint, UNIXServerEndpoint } from "./unix.ts";

const LISTEN_UNIX = {
  address: text,
  mode: optional(mode),
  backlog: optional(integer(1, 65535)),
  lockfile: optional(flag),
};

const CONNECT_UNIX = {
  path: text,
  timeout: optional(seconds),
  lockfile: optional(flag),
};

/**
 * Parses server endpoints: `unix:/run/chat/socket`, `unix:/run/chat/socket:mode=660:lockfile=1`.
 *
 * In Twisted, `lockfile` is 1 by default, because it is needed there to replace the socket of a
 * server that was killed. Here `listenUNIX` replaces it without a lock file, which requires
 * permissions for all files.
 */
export const unixServerParser: IStreamServerEndpointStringParser<IReactorUNIX> = {
  prefix: "unix",
  parseStreamServer: (reactor, args) => {
    const { address, lockfile, ...options } = args.take(
      ["address", "mode", "backlog", "lockfile"],
      LISTEN_UNIX,
    );
    const wantPID = lockfile === undefined ? {} : { wantPID: lockfile };
    return new UNIXServerEndpoint(reactor, address, { ...options, ...wantPID });
  },
};

/** Parses client endpoints: `unix:/run/chat/socket`, `unix:path=/run/chat/socket:timeout=5`. */
export const unixClientParser: IStreamClientEndpointStringParserWithReactor<IReactorUNIX> = {
  prefix: "unix",
  parseStreamClient: (reactor, args) => {
    const { path, lockfile, ...options } = args.take(["path"], CONNECT_UNIX);
    const checkPID = lockfile === undefined ? {} : { checkPID: lockfile };
    return new UNIXClientEndpoint(reactor, path, { ...options, ...checkPID });
  },
};
