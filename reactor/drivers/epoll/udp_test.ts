// The parts of UDP that only sockets of the system have.

import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { DatagramProtocol } from "../../../protocol/mod.ts";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { AwaitedRecorder, udpTest } from "../../../testing/fixtures/udp_fixture.ts";
import { DatagramError, MulticastJoinError } from "../../errors.ts";
import { EpollReactor } from "./reactor.ts";

const test = udpTest("EpollReactor", () => new EpollReactor());

for (const host of ["127.0.0.1", "::1"]) {
  Deno.test(
    test(`UDPPort.connect() to ${host} reports refusals`, async (fixture) => {
      const closed = await closedPort(host);
      const refused = Promise.withResolvers<void>();
      const { protocol, transport } = fixture.listen(
        { connectionRefused: () => refused.resolve() },
        { interface: host },
      );
      fixture.run();
      transport.connect(host, closed);
      transport.write("is anyone there?");
      await refused.promise;
      assertEquals(protocol.events, ["started", "refused"]);
    }),
  );
}

Deno.test(
  test("UDPPort.write() sends the datagram that follows a refused one", async (fixture) => {
    const host = "127.0.0.1";
    const { protocol, transport } = fixture.listen();
    const closed = await closedPort(host);
    transport.connect(host, closed);
    transport.write("refused");
    const peer = new AwaitedRecorder();
    fixture.reactor.listenUDP(closed, peer, { interface: host });
    // The port does not receive before the reactor runs, so this write gets the refusal.
    transport.write("received");
    assertEquals(protocol.events, ["started", "refused"]);
    fixture.run();
    await peer.received(1);
    assertEquals(peer.events, ["started", "received received"]);
  }),
);

Deno.test("UDPPort.connect() throws DatagramError if the system refuses, and stays unconnected", async () => {
  const reactor = new EpollReactor();
  await using port = reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  // A socket that may not broadcast cannot connect to a broadcast address (ip(7)).
  const error = assertThrows(() => port.connect("255.255.255.255", 9), DatagramError);
  assertEquals(error.code, "EACCES");
  port.connect("127.0.0.1", 9);
});

Deno.test("UDPPort.write() names the reason of the system, and sends to a scoped address", async () => {
  using errors = new LoggedErrors();
  const reactor = new EpollReactor();
  const four = reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  four.write("x", { host: "192.0.2.1", port: 9 });
  await four.stopListening();
  const [error] = errors.take();
  assertInstanceOf(error, DatagramError);
  assertEquals([error.code, error.syscall, error.address], ["EINVAL", "send", "192.0.2.1:9"]);
  const six = reactor.listenUDP(0, new DatagramProtocol(), { interface: "::1" });
  six.write("x", { host: "::1%lo", port: 9 });
  await six.stopListening();
});

Deno.test("UDPPort reports ENODEV for a network interface that does not exist", async () => {
  using errors = new LoggedErrors();
  const reactor = new EpollReactor();
  const port = reactor.listenMulticast(0, new DatagramProtocol(), { interface: "::1" });
  port.write("x", { host: "fe80::1%missing", port: 9 });
  const refused = await assertRejects(
    async () => await port.setOutgoingInterface("missing"),
    DatagramError,
  );
  const outside = await assertRejects(
    async () => await port.joinGroup("ff02::1", "missing"),
    MulticastJoinError,
  );
  await port.stopListening();
  const [unsent] = errors.take();
  assertInstanceOf(unsent, DatagramError);
  assertEquals([unsent.code, refused.code, outside.code], ["ENODEV", "ENODEV", "ENODEV"]);
});

Deno.test("UDPPort sets every multicast option on both IP versions", async () => {
  const reactor = new EpollReactor();
  for (const host of ["127.0.0.1", "::1"]) {
    await using port = reactor.listenMulticast(0, new DatagramProtocol(), { interface: host });
    port.setTTL(0);
    port.setTTL(2);
    port.setLoopbackMode(false);
    assertEquals([port.getTTL(), port.getLoopbackMode()], [2, false]);
  }
});

/** Returns the number of a UDP port that no socket is bound to. */
async function closedPort(host: string): Promise<number> {
  const port = new EpollReactor().listenUDP(0, new DatagramProtocol(), { interface: host });
  const { port: number } = port.getHost();
  await port.stopListening();
  return number;
}
