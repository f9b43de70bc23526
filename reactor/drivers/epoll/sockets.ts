import type { AdoptingSockets } from "../deno/host_reactor.ts";
import { adoptConnection, adopting } from "./adopted_socket.ts";
import type { Poller } from "./poller.ts";
import { bindTCP, dialTCP } from "./tcp.ts";
import { bindUDP } from "./udp.ts";
import { bindUNIX, dialUNIX } from "./unix.ts";
import { bindUNIXDatagram } from "./unix_datagram.ts";

/** Returns the sockets of Linux, watched by a poller. */
export function epollSockets(poller: Poller): AdoptingSockets {
  return {
    bindTCP: (host, port, backlog, options) => bindTCP(poller, host, port, backlog, options),
    dialTCP: (host, port, options) => dialTCP(poller, host, port, options),
    bindUNIX: (path, backlog, mode, wantPID) => bindUNIX(poller, path, backlog, mode, wantPID),
    dialUNIX: (path, checkPID, clock) => dialUNIX(poller, clock, path, checkPID),
    bindUDP: (host, port, shared) => bindUDP(poller, host, port, shared),
    adoptPort: (fd, family, backlog, options) => adopting(poller, fd, family, backlog, options),
    adoptConnection: (fd, family, options) => adoptConnection(poller, fd, family, options),
    bindUNIXDatagram: (path, mode, maxPacketSize) =>
      bindUNIXDatagram(poller, path, mode, maxPacketSize),
  };
}
