/**
 * TCP: the behaviour of every stream (`stream.ts`), and the behaviour that only TCP has.
 *
 * The sockets are real, on the loopback interface. The peers are raw sockets (`Deno.connect`,
 * `Deno.listen`, `node:net`), so that a defect cannot hide by occurring on both sides. Of Twisted's
 * tests:
 *
 * - `internet/test/test_tcp.py`, clients: `TCPClientTestsBase` and `TCPConnectorTestsBuilder`, over
 *   IPv4 (`TCP4ClientTestsBuilder`, `TCP4ConnectorTestsBuilder`) and, for addresses and
 *   reconnecting, over IPv6 (`TCP6ClientTestsBuilder`, `TCP6ConnectorTestsBuilder`).
 *   `test_badContext` is in `deno/tls_test.ts`.
 * - The same file, servers: `TCPPortTestsMixin` and `StreamTransportTestsMixin`
 *   (`TCPPortTestsBuilder`, with `ConnectToTCPListenerMixin`, `ListenTCPMixin`),
 *   `TCPTransportServerAddressTestMixin`. Not covered: scope identifiers in IPv6 addresses, which
 *   Deno does not report. The log lines of a port are in `stream_port_test.ts`; they name the
 *   factory and the address. `test_closePeerOnEMFILE` does not apply: Twisted keeps a descriptor in
 *   reserve to reject peers; here the port first waits for descriptors (`overload.ts`). So
 *   `ExhaustsFileDescriptorsTests`, `AssertPeerClosedOnEMFILETests`,
 *   `FileDescriptorReservationTests`, `NullFileDescriptorReservationTests` and `BuffersLogsTests`
 *   have no counterpart. `TCPFDPortTestsBuilder` (`SocketTCPMixin`) and
 *   `AdoptStreamConnectionTestsBuilder` are in `node/adopted_socket_test.ts`.
 * - The same file, connections: `TCPConnectionTestsBuilder`, `WriteSequenceTestsMixin`
 *   (`TCPTransportTestsBuilder`) and `AbortConnectionMixin` (`AbortConnectionTests`). The tests
 *   that need no socket are in `connection_test.ts` and the files beside it, as are
 *   `TCPServerTests` and `TCPConnectionTests`. `FakeSocketTests` and `SimpleUtilityTests` test a
 *   tool, and Python's `getaddrinfo`.
 * - `internet/test/connectionmixins.py`: `ConnectionTestsMixin` and `StreamClientTestsMixin`, all
 *   except `test_protocolGarbageAfterLostConnection`: a transport refers to its protocol, and
 *   JavaScript's collector frees them together. `test_logPrefix` is in `connection_test.ts` and
 *   `connector_test.ts`; the compiler checks `test_interface`.
 * - `test/test_tcp.py`: `ListeningTests`, `LoopbackTests`, `FactoryTests`, `CannotBindTests`,
 *   `LocalRemoteAddressTests`, `WriteDataTests`, `AddressTests`, `LargeBufferTests`,
 *   `HalfCloseTests`, `HalfCloseNoNotificationAndShutdownExceptionTests`,
 *   `HalfCloseBuggyApplicationTests`, `PauseProducingTests`, `CallBackOrderTests`; `LogTests` in
 *   `connector_test.ts`. `testPortRepr` and `test_serverRepr` test Python's `repr`.
 *   `test_connectByService` and `test_connectByServiceFail` do not apply: ports are numbers.
 *   `test_clientBind` is in `node/tcp_test.ts`. `test_directConnectionLostCall` and
 *   `test_exceptInConnectionLostCall` call methods that are private here; their effect at the
 *   shutdown is in `stream_port_test.ts`, and so are factories that throw.
 *   `ProperlyCloseFilesMixin` (`ProperlyCloseFilesTests`) is replaced by the leak checks of
 *   `deno test`.
 *
 * @module
 */

import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { streamConformance } from "./stream.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { tcpConnectingTests } from "./tcp_connecting.ts";
import { tcpTransport } from "./tcp_transport.ts";
import { tcpListeningTests } from "./tcp_listening.ts";
import { type RawTCP, tcpTest } from "../fixtures/tcp_fixture.ts";

/**
 * Defines the tests of TCP.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
 * @param differences The members in which the reactor's TCP differs from `tcpTransport`, such as
 * `abortSeenAs`.
 * @param raw The sockets of the peers, which do not use the reactor. The default is Deno's sockets;
 *   a reactor on another network needs peers on that network.
 */
export function tcpConformance(
  name: string,
  makeReactor: () => IReactor,
  differences?: Partial<StreamTransport>,
  raw?: RawTCP,
): void {
  streamConformance({ ...tcpTransport(name, makeReactor), ...differences });
  const test = tcpTest(name, makeReactor, raw);
  tcpListeningTests(test);
  tcpConnectingTests(test);
}
