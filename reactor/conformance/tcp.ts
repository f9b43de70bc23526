/**
 * What every reactor's TCP does: what every stream does (`stream.ts`), and what is TCP's own.
 *
 * Real sockets on the loopback interface; at the other end raw peers (`Deno.connect`, `Deno.listen`, `node:net`), so that a fault cannot
 * hide by being on both sides. Of Twisted's tests:
 *
 * - `internet/test/test_tcp.py`: `TCPClientTestsBase`, `TCPConnectorTestsBuilder`, `TCPPortTestsMixin` (IPv4 and IPv6),
 *   `TCPConnectionTestsBuilder`, `StreamTransportTestsMixin` and `AbortConnectionMixin` are here, those that need no socket in
 *   `connection_test.ts` and its neighbours. Not covered: scope identifiers in IPv6 addresses (Deno does not report them),
 *   and what begins TLS, which is in `deno/tls_test.ts`. `AdoptStreamConnectionTestsBuilder` and `TCPFDPortTestsBuilder` are in
 *   `node/adopted_socket_test.ts`. `test_closePeerOnEMFILE` does not apply: Twisted keeps a descriptor in reserve to turn peers away with,
 *   here the port waits until there are descriptors again (`overload.ts`). So `ExhaustsFileDescriptorsTests`,
 *   `AssertPeerClosedOnEMFILETests` and `NullFileDescriptorReservationTests` have nothing to test. `TCPTransportServerAddressTestMixin` is
 *   among the tests of listening. `SimpleUtilityTests` is about Python's `getaddrinfo`.
 * - `internet/test/connectionmixins.py`: `StreamClientTestsMixin` and the rest, all but `test_protocolGarbageAfterLostConnection`: a transport that is kept keeps its
 *   protocol, which JavaScript's collector frees with it.
 * - `test/test_tcp.py`: `ListeningTests`, `LoopbackTests`, `FactoryTests`, `CannotBindTests`, `LocalRemoteAddressTests`, `WriteDataTests`,
 *   `AddressTests`, `LargeBufferTests`, `HalfCloseTests`, `HalfClose…` with faults, `PauseProducingTests`, `CallBackOrderTests`.
 *   `testPortRepr` and `test_serverRepr` are about Python's `repr`. `test_connectByService` does not apply: ports are numbers.
 *   `test_clientBind` is in `node/tcp_test.ts`. `test_directConnectionLostCall` and its twin call what is private here.
 *   `ProperlyCloseFilesMixin` is what the leak checks of `deno test` do for every test.
 *
 * @module
 */

import type { IReactor } from "../interfaces.ts";
import { streamConformance } from "./stream.ts";
import type { StreamKind } from "./stream_kind.ts";
import { tcpConnectingTests } from "./tcp_connecting.ts";
import { tcpKind } from "./tcp_kind.ts";
import { tcpListeningTests } from "./tcp_listening.ts";

/**
 * Defines the tests.
 *
 * @param name The reactor's, for the tests' names.
 * @param makeReactor Makes a new one.
 * @param differences Where its TCP is not what `tcpKind` says: an abort that resets, say.
 */
export function tcpConformance(
  name: string,
  makeReactor: () => IReactor,
  differences: Partial<StreamKind> = {},
): void {
  streamConformance({ ...tcpKind(name, makeReactor), ...differences });
  tcpListeningTests(name, makeReactor);
  tcpConnectingTests(name, makeReactor);
}
