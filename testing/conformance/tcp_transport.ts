/**
 * TCP on the loopback interface, as a transport under test.
 *
 * @module
 */

import { internetAddress, IPv4Address } from "../../reactor/addresses.ts";
import type { IReactor } from "../../reactor/interfaces/mod.ts";
import type { TestCleanup } from "./stream_transport.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { nodeSocket, portOf } from "../fixtures/tcp_fixture.ts";

const HOST = "127.0.0.1";

function listenOn(port: number, tcpBacklog?: number): Deno.TcpListener {
  return Deno.listen({ hostname: HOST, port, ...(tcpBacklog && { tcpBacklog }) });
}

function placeOf({ addr }: Deno.TcpListener): IPv4Address {
  return new IPv4Address("TCP", HOST, addr.port);
}

/** Returns the address of a port that was just closed. */
function refusingPort(): IPv4Address {
  const listener = listenOn(0);
  listener.close();
  return placeOf(listener);
}

/**
 * Returns the address of a port whose accept queue is full: the system ignores further connections.
 */
async function silentPort(fixture: TestCleanup): Promise<IPv4Address> {
  const listener = fixture.closeAfter(listenOn(0, 1));
  const { port } = listener.addr;
  // On Linux, the queue holds one connection more than the backlog: see listen(2).
  for (let i = 0; i < 2; i++) fixture.closeAfter(await Deno.connect({ hostname: HOST, port }));
  return placeOf(listener);
}

/**
 * Returns TCP on a reactor, as a transport under test.
 *
 * @param name The name of the reactor.
 * @param makeReactor Makes a new reactor.
 */
export function tcpTransport(name: string, makeReactor: () => IReactor): StreamTransport {
  return {
    name,
    listenMethod: "listenTCP",
    connectMethod: "connectTCP",
    makeReactor,
    freeAddress: () => new IPv4Address("TCP", HOST, 0),
    listen: (reactor, at, factory, options) =>
      reactor.listenTCP(portOf(at), factory, { interface: HOST, ...options }),
    connect: (reactor, to, factory, options) =>
      reactor.connectTCP(HOST, portOf(to), factory, options),
    rawListen: (at) => listenOn(portOf(at)),
    rawConnect: (to) => Deno.connect({ hostname: HOST, port: portOf(to) }),
    addressOf: (addr) => {
      const { hostname, port } = addr as Deno.NetAddr; // the address of a TCP socket
      return internetAddress("TCP", hostname, port);
    },
    refusingAddress: refusingPort,
    silentAddress: silentPort,
    rawConnectResetting: async (fixture, to) => {
      const socket = await nodeSocket(fixture, portOf(to), HOST);
      return { reset: () => socket.resetAndDestroy() };
    },
    halfClose: true,
    // Deno has no call that resets a connection. The system resets it only if unread data is
    // pending.
    abortSeenAs: /^(end|ECONNRESET)$/,
  };
}
