// Twisted's protocols/test/test_wire.py.

import { assert, assertEquals } from "@std/assert";
import { useWallClock } from "../../log/wall_clock.ts";
import { connectedServerAndClient, StringTransport, TestPeer } from "../../testing/mod.ts";
import type { Protocol } from "../mod.ts";
import { Chargen, Daytime, Discard, Echo, QOTD, Time, Who } from "./mod.ts";

/** Connects a protocol to a transport that records. */
function connect(protocol: Protocol): StringTransport {
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  return transport;
}

Deno.test("Echo sends back what it receives", () => {
  const echo = new Echo();
  const transport = connect(echo);
  for (const text of ["hello", " ", "world"]) echo.dataReceived(new TextEncoder().encode(text));
  assertEquals(transport.text(), "hello world");
});

Deno.test("Echo sends everything back before a connection that the peer half-closed is lost", () => {
  using pair = connectedServerAndClient(Echo, TestPeer);
  pair.client.send("x".repeat(200_000));
  pair.client.closeWrite();
  pair.pump.flush();
  assertEquals(pair.client.text.length, 200_000);
  assertEquals(pair.serverTransport.connected, false);
});

Deno.test("Echo stops reading while its peer does not read", () => {
  using pair = connectedServerAndClient(Echo, TestPeer);
  pair.client.pause();
  for (let i = 0; i < 100; i++) {
    pair.client.send("x".repeat(100_000));
    pair.pump.flush();
  }
  assertEquals(pair.serverTransport.connected, true);
  pair.client.resume();
  pair.pump.flush();
  assertEquals(pair.client.text.length, 10_000_000);
});

Deno.test("Discard sends nothing", () => {
  const discard = new Discard();
  const transport = connect(discard);
  discard.dataReceived(new Uint8Array(100));
  assertEquals(transport.text(), "");
});

Deno.test("Chargen sends its noise whenever the transport asks for more", () => {
  const chargen = new Chargen();
  const transport = connect(chargen);
  chargen.resumeProducing();
  chargen.resumeProducing();
  assertEquals(transport.text(), `${chargen.noise}${chargen.noise}`);
});

Deno.test("QOTD and Who send one text and close", () => {
  const quoting = connect(new QOTD());
  assertEquals(quoting.text(), "An apple a day keeps the doctor away.\r\n");
  assert(quoting.disconnecting);
  const listing = connect(new Who());
  assertEquals(listing.text(), "root\r\n");
  assert(listing.disconnecting);
});

Deno.test("Daytime sends the time in UTC in the format of asctime()", () => {
  using _clock = useWallClock(() => Date.UTC(2038, 0, 5, 3, 14, 7));
  const transport = connect(new Daytime());
  assertEquals(transport.text(), "Tue Jan  5 03:14:07 2038\r\n");
  assert(transport.disconnecting);
});

Deno.test("Time sends the seconds since 1900 modulo 2 ** 32", () => {
  // The first three are in RFC 868.
  const examples: [number, number][] = [
    [Date.UTC(1970, 0, 1), 2_208_988_800],
    [Date.UTC(1976, 0, 1), 2_398_291_200],
    [Date.UTC(1980, 0, 1), 2_524_521_600],
    [Date.UTC(2036, 1, 7, 6, 28, 16), 0],
  ];
  for (const [now, seconds] of examples) {
    using _clock = useWallClock(() => now);
    const transport = connect(new Time());
    assertEquals(new DataView(transport.value().slice().buffer).getUint32(0), seconds);
    assert(transport.disconnecting);
  }
});
