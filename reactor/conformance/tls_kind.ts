/**
 * TLS over TCP on the loopback interface, as a stream under test. At the other end Deno's own TLS, which this library has no part in.
 *
 * @module
 */

import { connect as nodeConnectTls } from "node:tls";
import type { IReactor } from "../interfaces.ts";
import { type TestAuthority, testCertificates } from "./certificates.ts";
import type { StreamKind } from "./stream_kind.ts";
import { nodeSocket, portOf } from "./tcp_bed.ts";
import { tcpKind } from "./tcp_kind.ts";

const HOST = "127.0.0.1";

/**
 * TLS on a reactor.
 *
 * @param name The reactor's.
 * @param makeReactor Makes a new one.
 */
export async function tlsKind(name: string, makeReactor: () => IReactor): Promise<StreamKind> {
  const { authority, server } = await testCertificates();
  const caCerts = [authority.cert];
  return {
    ...tcpKind(`${name} TLS`, makeReactor),
    listenMethod: "listenTLS",
    connectMethod: "connectTLS",
    listen: (reactor, at, factory, options) =>
      reactor.listenTLS(portOf(at), factory, { interface: HOST, ...server, ...options }),
    connect: (reactor, to, factory, options) =>
      reactor.connectTLS(HOST, portOf(to), factory, { caCerts, ...options }),
    rawListen: (at) => Deno.listenTls({ hostname: HOST, port: portOf(at), ...server }),
    rawConnect: (to) => connectRaw(portOf(to), authority),
    // Either way it is not taken for an end: that would come with close_notify.
    abortSeenAs: /^(ECONNRESET$|UnexpectedEof: )/,
    rawConnectResetting: async (bed, to) => {
      const socket = await nodeSocket(bed, portOf(to), HOST);
      const secured = nodeConnectTls({ socket, host: HOST, ca: authority.cert });
      bed.after(() => secured.destroy());
      return { reset: () => socket.resetAndDestroy() };
    },
  };
}

async function connectRaw(port: number, authority: TestAuthority): Promise<Deno.TlsConn> {
  const conn = await Deno.connectTls({ hostname: HOST, port, caCerts: [authority.cert] });
  // Begun, and not waited for. What goes wrong, the first read tells.
  conn.handshake().catch(() => {});
  return conn;
}
