/**
 * Conformance suites: tests that every reactor and every stream transport must pass.
 *
 * Each function defines tests with `Deno.test`. To test a custom reactor or driver, call the
 * functions in a test file; the guide `docs/custom_reactors.md` shows how.
 *
 * @example
 * ```ts no-eval
 * import { DenoReactor } from "@torsion/reactor";
 * import { tcpConformance } from "@torsion/reactor/testing/conformance";
 *
 * tcpConformance("DenoReactor", () => new DenoReactor());
 * ```
 *
 * @module
 */

export { coreConformance } from "./core.ts";
export type { CoreReactor } from "../fixtures/core_fixture.ts";
export type { FakeClock, FakeTimeClass } from "./fake_time.ts";
export { processConformance } from "./process.ts";
export { streamConformance } from "./stream.ts";
export type { ResettingPeer, StreamTransport, TestCleanup } from "./stream_transport.ts";
export { tcpConformance } from "./tcp.ts";
export type { RawTCP } from "../fixtures/tcp_fixture.ts";
export { tcpTransport } from "./tcp_transport.ts";
export { type ThreadedReactor, threadsConformance } from "./threads.ts";
export { timeConformance } from "./time.ts";
export { udpConformance } from "./udp.ts";
export type { BindRawPeer, RawDatagramPeer } from "../fixtures/udp_fixture.ts";
export { unixDatagramConformance } from "./unix_datagram.ts";
export { unixTransport } from "./unix_transport.ts";
