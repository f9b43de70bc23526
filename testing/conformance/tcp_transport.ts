/**
 * TCP on the loopback interface, as a stream under test.
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

/** A port that was just given back. */
function refusingPort(): IPv4Address {
  const listener = listenOn(0);
  listener.close();
  return placeOf(listener);
}

/** A port whose queue of connections to accept is full: the system ignores further ones. */
async function silentPort(fixture: TestCleanup): Promise<IPv4Address> {
  const listener = fixture.closeAfter(listenOn(0, 1));
  const { port } = listener.addr;
  // Linux: the queue takes one more than the backlog; see listen(2).
  for (let i = 0; i < 2; i++) fixture.closeAfter(await Deno.connect({ hostname: HOST, port }));
  return placeOf(listener);
}

/**
 * TCP on a reactor.
 *
 * @param name The reactor's.
 * @param makeReactor Makes a new one.
 */
export function tcpTransport(name: string, makeReactor: () => IReactor): StreamTransport {
  return {
    name,
    listenMethod: "listenTCP",
    connectMethod: "connectTCP",
    makeReactor,
    freePlace: () => new IPv4Address("TCP", HOST, 0),
    listen: (reactor, at, factory, options) =>
      reactor.listenTCP(portOf(at), factory, { interface: HOST, ...options }),
    connect: (reactor, to, factory, options) =>
      reactor.connectTCP(HOST, portOf(to), factory, options),
    rawListen: (at) => listenOn(portOf(at)),
    rawConnect: (to) => Deno.connect({ hostname: HOST, port: portOf(to) }),
    addressOf: (addr) => {
      const { hostname, port } = addr as Deno.NetAddr; // it is one of a TCP socket
      return internetAddress("TCP", hostname, port);
    },
    refusingPlace: refusingPort,
    silentPlace: silentPort,
    rawConnectResetting: async (fixture, to) => {
      const socket = await nodeSocket(fixture, portOf(to), HOST);
      return { reset: () => socket.resetAndDestroy() };
    },
    halfClose: true,
    // Deno's sockets cannot be told to reset; the system does so only if something came that was not read.
    abortSeenAs: /^(end|ECONNRESET)$/,
  };
}
