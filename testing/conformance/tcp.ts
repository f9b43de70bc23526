/**
 * What every reactor's TCP does: what every stream does (`stream.ts`), and what is TCP's own.
 *
 * Real sockets on the loopback interface; at the other end raw peers (`Deno.connect`, `Deno.listen`, `node:net`), so that a fault cannot
 * hide by being on both sides. Of Twisted's tests:
 *
 * - `internet/test/test_tcp.py`, what clients do: `TCPClientTestsBase` and `TCPConnectorTestsBuilder`, over IPv4 (`TCP4ClientTestsBuilder`,
 *   `TCP4ConnectorTestsBuilder`) and as far as addresses and reconnecting go over IPv6 (`TCP6ClientTestsBuilder`, `TCP6ConnectorTestsBuilder`).
 *   `test_badContext` is in `deno/tls_test.ts`.
 * - The same, what servers do: `TCPPortTestsMixin` and `StreamTransportTestsMixin` (`TCPPortTestsBuilder`, with `ConnectToTCPListenerMixin`,
 *   `ListenTCPMixin`), `TCPTransportServerAddressTestMixin`. Not covered: scope identifiers in IPv6 addresses (Deno does not report them).
 *   What a port logs is in `stream_port_test.ts`; it names the factory and the address. `test_closePeerOnEMFILE` does not apply: Twisted keeps
 *   a descriptor in reserve to turn peers away with, here the port waits until there are descriptors again (`overload.ts`). So
 *   `ExhaustsFileDescriptorsTests`, `AssertPeerClosedOnEMFILETests`, `FileDescriptorReservationTests`, `NullFileDescriptorReservationTests` and
 *   `BuffersLogsTests` have nothing to test. `TCPFDPortTestsBuilder` (`SocketTCPMixin`) and `AdoptStreamConnectionTestsBuilder` are in
 *   `node/adopted_socket_test.ts`.
 * - The same, what connections do: `TCPConnectionTestsBuilder`, `WriteSequenceTestsMixin` (`TCPTransportTestsBuilder`) and `AbortConnectionMixin`
 *   (`AbortConnectionTests`), those that need no socket in `connection_test.ts` and its neighbours, where `TCPServerTests` and
 *   `TCPConnectionTests` are. `FakeSocketTests` and `SimpleUtilityTests` are about a tool, and about Python's `getaddrinfo`.
 * - `internet/test/connectionmixins.py`: `ConnectionTestsMixin` and `StreamClientTestsMixin`, all but `test_protocolGarbageAfterLostConnection`: a
 *   transport that is kept keeps its protocol, which JavaScript's collector frees with it. `test_logPrefix` is in `connection_test.ts` and
 *   `connector_test.ts`, `test_interface` is the compiler's.
 * - `test/test_tcp.py`: `ListeningTests`, `LoopbackTests`, `FactoryTests`, `CannotBindTests`, `LocalRemoteAddressTests`, `WriteDataTests`,
 *   `AddressTests`, `LargeBufferTests`, `HalfCloseTests`, `HalfCloseNoNotificationAndShutdownExceptionTests`, `HalfCloseBuggyApplicationTests`,
 *   `PauseProducingTests`, `CallBackOrderTests`; `LogTests` in `connector_test.ts`. `testPortRepr` and `test_serverRepr` are about Python's `repr`.
 *   `test_connectByService` and `test_connectByServiceFail` do not apply: ports are numbers. `test_clientBind` is in `node/tcp_test.ts`.
 *   `test_directConnectionLostCall` and `test_exceptInConnectionLostCall` call what is private here; what comes of it at the shutdown is in
 *   `stream_port_test.ts`, and so are the factories that throw. `ProperlyCloseFilesMixin` (`ProperlyCloseFilesTests`) is what the leak checks of
 *   `deno test` do for every test.
 *
 * @module
 */

import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { streamConformance } from "./stream.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { tcpConnectingTests } from "./tcp_connecting.ts";
import { tcpTransport } from "./tcp_transport.ts";
import { tcpListeningTests } from "./tcp_listening.ts";

/**
 * Defines the tests.
 *
 * @param name The reactor's, for the tests' names.
 * @param makeReactor Makes a new one.
 * @param differences Where its TCP is not what `tcpTransport` says: an abort that resets, say.
 */
export function tcpConformance(
  name: string,
  makeReactor: () => IReactor,
  differences: Partial<StreamTransport> = {},
): void {
  streamConformance({ ...tcpTransport(name, makeReactor), ...differences });
  tcpListeningTests(name, makeReactor);
  tcpConnectingTests(name, makeReactor);
}
