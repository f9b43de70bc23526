/**
 * TLS over TCP on the loopback interface, as a transport under test. The peers use Deno's own TLS,
 * without this library.
 *
 * @module
 */

import { connect as nodeConnectTLS } from "node:tls";
import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { type TestAuthority, testCertificates } from "../fixtures/certificates.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { nodeSocket, portOf } from "../fixtures/tcp_fixture.ts";
import { tcpTransport } from "./tcp_transport.ts";

const HOST = "127.0.0.1";

/**
 * Returns TLS on a reactor, as a transport under test.
 *
 * @param name The name of the reactor.
 * @param makeReactor Makes a new reactor.
 */
export async function tlsTransport(
  name: string,
  makeReactor: () => IReactor,
): Promise<StreamTransport> {
  const { authority, server } = await testCertificates();
  const caCerts = [authority.cert];
  return {
    ...tcpTransport(`${name} TLS`, makeReactor),
    listenMethod: "listenTLS",
    connectMethod: "connectTLS",
    listen: (reactor, at, factory, options) =>
      reactor.listenTLS(portOf(at), factory, { interface: HOST, ...server, ...options }),
    connect: (reactor, to, factory, options) =>
      reactor.connectTLS(HOST, portOf(to), factory, { caCerts, ...options }),
    rawListen: (at) => Deno.listenTls({ hostname: HOST, port: portOf(at), ...server }),
    rawConnect: (to) => connectRaw(portOf(to), authority),
    // Neither is an orderly end, which would come with close_notify.
    abortSeenAs: /^(ECONNRESET$|UnexpectedEof: )/,
    rawConnectResetting: async (fixture, to) => {
      const socket = await nodeSocket(fixture, portOf(to), HOST);
      const secured = nodeConnectTLS({ socket, host: HOST, ca: authority.cert });
      fixture.after(() => secured.destroy());
      return { reset: () => socket.resetAndDestroy() };
    },
  };
}

async function connectRaw(port: number, authority: TestAuthority): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: HOST, port });
  // Otherwise the client's last message of the handshake waits 40 ms for an acknowledgement.
  tcp.setNoDelay(true);
  const conn = await Deno.startTls(tcp, { hostname: HOST, caCerts: [authority.cert] });
  // The handshake is started and not awaited. The first read reports its failure.
  conn.handshake().catch(() => {});
  return conn;
}
