import { adoptConnection, adopting } from "../node/adopted_socket.ts";
import { bindSocket, dialSocket, needsSocket } from "../node/tcp.ts";
import type { AdoptingSockets } from "./host_reactor.ts";
import { DenoNameResolver } from "./name_resolver.ts";
import { bindTCP, dialTCP } from "./tcp.ts";
import { bindDenoUDP } from "./udp.ts";
import { bindUNIX, dialUNIX } from "./unix.ts";
import { bindUNIXDatagram, checkUNIXDatagrams } from "./unix_datagram.ts";

/** The sockets of Deno, and those of `node:net` for the options that need them. */
export const denoSockets: AdoptingSockets = {
  // Deno resolves names as DenoNameResolver does, and races the addresses (RFC 8305).
  resolvesNamesLike: (resolver) => resolver instanceof DenoNameResolver,
  bindTCP: (host, port, backlog, options) =>
    (needsSocket(options) ? bindSocket : bindTCP)(host, port, backlog, options),
  dialTCP: (host, port, options) =>
    (needsSocket(options) ? dialSocket : dialTCP)(host, port, options),
  // Deno has no backlog for UNIX sockets.
  bindUNIX: (path, _backlog, mode, wantPID) => bindUNIX(path, mode, wantPID),
  dialUNIX: (path, checkPID, clock) => dialUNIX(clock, path, checkPID),
  bindUDP: bindDenoUDP,
  adoptPort: adopting,
  adoptConnection,
  checkUNIXDatagrams,
  bindUNIXDatagram,
};
