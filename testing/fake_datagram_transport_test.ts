import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { DatagramProtocol } from "../protocol/mod.ts";
import { IPv4Address, IPv6Address } from "../reactor/addresses.ts";
import { InvalidAddressError, MulticastJoinError } from "../reactor/errors.ts";
import type { IMulticastTransport } from "../reactor/interfaces/mod.ts";
import { failureResultOf, FakeDatagramTransport, successResultOf } from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const peer = new IPv4Address("UDP", "192.0.2.1", 53);

Deno.test("FakeDatagramTransport.written has each datagram with its destination", () => {
  const transport = new FakeDatagramTransport();
  const data = bytes("one");
  transport.write(data, peer);
  data.fill(0);
  transport.writeSequence(["t", bytes("wo")], { host: "192.0.2.2", port: 54 });
  assertEquals(transport.written, [
    [bytes("one"), peer],
    [bytes("two"), new IPv4Address("UDP", "192.0.2.2", 54)],
  ]);
});

Deno.test("FakeDatagramTransport is a transport for DatagramProtocol without a cast", () => {
  class Echo extends DatagramProtocol {
    override datagramReceived(datagram: Uint8Array, addr: IPv4Address | IPv6Address): void {
      this.transport.write(datagram, addr);
    }
  }
  class Joining extends DatagramProtocol<IMulticastTransport> {
    override startProtocol(): void {
      this.transport.joinGroup("224.0.0.5");
    }
  }
  const transport = new FakeDatagramTransport();
  const echo = new Echo();
  echo.makeConnection(transport);
  echo.datagramReceived(bytes("hi"), peer);
  assertEquals(transport.written, [[bytes("hi"), peer]]);
  new Joining().makeConnection(transport);
  assertEquals(transport.groups, ["224.0.0.5"]);
});

Deno.test("FakeDatagramTransport.write() needs a destination unless it is connected", () => {
  const transport = new FakeDatagramTransport();
  assertThrows(() => transport.write("lost"), TypeError, "is not connected");
  assertThrows(
    () => transport.write("x", { host: "example.org", port: 1 }),
    InvalidAddressError,
  );
  assertThrows(
    () => transport.write("x", { host: "<broadcast>", port: 1 }),
    Error,
    "call setBroadcastAllowed(true)",
  );
  transport.connect("192.0.2.1", 53);
  transport.write("found");
  assertThrows(() => transport.write("x", { host: "192.0.2.9", port: 53 }), Error, "connected");
  assertEquals(transport.written, [[bytes("found"), peer]]);
});

Deno.test("FakeDatagramTransport.getHost() returns the address of the options", () => {
  const transport = new FakeDatagramTransport();
  assertEquals(transport.getHost(), new IPv4Address("UDP", "10.0.0.1", 12345));
  assertEquals(String(transport), "FakeDatagramTransport on 10.0.0.1:12345");
  const six = new FakeDatagramTransport({ hostAddress: { host: "::1", port: 7 } });
  assertEquals(six.getHost(), new IPv6Address("UDP", "::1", 7));
  assertThrows(
    () => new FakeDatagramTransport({ hostAddress: { host: "localhost", port: 7 } }),
    InvalidAddressError,
    "interface must be an IP address",
  );
});

Deno.test("FakeDatagramTransport.stopListening() closes at once, and write() then does nothing", () => {
  const transport = new FakeDatagramTransport();
  assertEquals(transport.isListening, true);
  successResultOf(transport.stopListening());
  transport.write("late", peer);
  assertEquals([transport.isListening, transport.written], [false, []]);
  assertEquals(String(transport), "FakeDatagramTransport on 10.0.0.1:12345 (closed)");
  transport.startListening();
  transport.write("again", peer);
  transport.loseConnection();
  assertEquals([transport.isListening, transport.written.length], [false, 1]);
});

Deno.test("FakeDatagramTransport starts and stops the protocol of its options", () => {
  const events: string[] = [];
  class Noted extends DatagramProtocol {
    override startProtocol(): void {
      events.push(`started on ${this.transport.getHost()}`);
    }
    override stopProtocol(): void {
      events.push("stopped");
    }
  }
  const transport = new FakeDatagramTransport({ protocol: new Noted() });
  successResultOf(transport.stopListening());
  assertEquals(events, ["started on 10.0.0.1:12345", "stopped"]);
});

Deno.test("FakeDatagramTransport is closed if its protocol fails to start", () => {
  class Failing extends DatagramProtocol {
    override startProtocol(): void {
      throw new RangeError("not today");
    }
  }
  const protocol = new Failing();
  assertThrows(() => new FakeDatagramTransport({ protocol }), RangeError, "not today");
  assertEquals(protocol.numPorts, 0);
});

Deno.test("FakeDatagramTransport has the settings of a multicast port", async () => {
  await using transport = new FakeDatagramTransport();
  successResultOf(transport.joinGroup("224.0.0.1"));
  successResultOf(transport.joinGroup("224.0.0.2", "10.0.0.1"));
  successResultOf(transport.leaveGroup("224.0.0.1"));
  assertEquals(transport.groups, ["224.0.0.2"]);
  assertInstanceOf(failureResultOf(transport.joinGroup("192.0.2.1")), MulticastJoinError);
  transport.setTTL(3);
  transport.setLoopbackMode(false);
  transport.setBroadcastAllowed(true);
  successResultOf(transport.setOutgoingInterface("10.0.0.1"));
  assertEquals([transport.getTTL(), transport.getLoopbackMode()], [3, false]);
  assertEquals(transport.getBroadcastAllowed(), true);
  assertEquals(transport.getOutgoingInterface(), "10.0.0.1");
  assertEquals(transport.stats.unsent, 0);
});
