import { assertEquals, assertThrows } from "@std/assert";
import { IPv4Address, IPv6Address } from "../../addresses.ts";
import type { DatagramDriverSink } from "../../datagram/datagram_driver.ts";
import { CannotListenError, DatagramError, MulticastJoinError } from "../../errors.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { MemoryDatagramNetwork, type MemoryUDPDriver } from "./memory_datagram_network.ts";

/** A network whose steps the test runs, and a log of its sockets' events. */
class ConnectionFixture {
  readonly steps: (() => void)[] = [];
  readonly events: string[] = [];
  readonly network = new MemoryDatagramNetwork({ schedule: (step) => this.steps.push(step) });

  /** Binds a socket that logs under a name. */
  bind(name: string, host: string, port: number, shared = false): MemoryUDPDriver {
    const driver = this.network.bind(host, port, shared);
    const log = (what: string) => this.events.push(`${name} ${what}`);
    const sink: DatagramDriverSink<IInternetAddress> = {
      received: (datagram, from) =>
        log(`received ${new TextDecoder().decode(datagram)} from ${from}`),
      receiveFailed: (error) => log(`received an error: ${error.message}`),
      sent: (error) => log(error === null ? "sent" : `failed: ${error.message}`),
      released: () => log("released"),
    };
    driver.attach(sink);
    return driver;
  }

  /**
   * Runs all steps.
   *
   * @returns The events that were logged.
   */
  settle(): string[] {
    for (let step = this.steps.shift(); step !== undefined; step = this.steps.shift()) step();
    return this.events.splice(0);
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const at = (host: string, port: number): IPv4Address => new IPv4Address("UDP", host, port);

Deno.test("MemoryUDPDriver.send() copies the datagram, and delivers it in a later step", () => {
  const fixture = new ConnectionFixture();
  const here = fixture.bind("here", "127.0.0.1", 1);
  fixture.bind("there", "0.0.0.0", 2).startReceiving();
  const datagram = bytes("one");
  here.send(datagram, at("127.0.0.9", 2));
  datagram.fill(0);
  assertEquals(fixture.events, []);
  assertEquals(fixture.settle(), ["here sent", "there received one from 127.0.0.1:1"]);
});

Deno.test("MemoryUDPDriver queues datagrams until startReceiving()", () => {
  const fixture = new ConnectionFixture();
  const there = fixture.bind("there", "127.0.0.1", 2);
  there.send(bytes("one"), there.address);
  assertEquals(fixture.settle(), ["there sent"]);
  there.startReceiving();
  assertEquals(fixture.events, ["there received one from 127.0.0.1:2"]);
});

Deno.test("MemoryUDPDriver receives a refusal if no socket is bound to the destination", () => {
  const fixture = new ConnectionFixture();
  const here = fixture.bind("here", "0.0.0.0", 1);
  const gone = fixture.bind("gone", "127.0.0.1", 2);
  gone.close();
  assertEquals(fixture.settle(), ["gone released"]);
  for (const to of [at("127.0.0.1", 2), at("127.0.0.1", 3)]) {
    here.send(bytes("one"), to);
    assertEquals(fixture.settle(), [
      "here sent",
      `here received an error: Cannot send to ${to}: no socket is bound to it`,
    ]);
  }
});

Deno.test("MemoryDatagramNetwork.bind() shares an address only if all sockets allow it", () => {
  const { network } = new ConnectionFixture();
  network.bind("127.0.0.1", 1);
  assertThrows(() => network.bind("127.0.0.1", 1, true), CannotListenError, "127.0.0.1:1");
  network.bind("127.0.0.1", 2, true);
  network.bind("127.0.0.1", 2, true);
  const [one, other] = [network.bind("127.0.0.1", 0), network.bind("127.0.0.1", 0)];
  assertEquals([one.address.port === other.address.port, network.size], [false, 5]);
});

Deno.test("MemoryUDPDriver fails to join a group twice, or an address that is not multicast", () => {
  const driver = new ConnectionFixture().network.bind("127.0.0.1", 1);
  driver.joinGroup("239.1.2.3", "");
  driver.joinGroup("239.1.2.3", "127.0.0.1");
  assertThrows(() => driver.joinGroup("239.1.2.3", ""), MulticastJoinError);
  assertThrows(() => driver.joinGroup("10.0.0.1", ""), MulticastJoinError);
  driver.leaveGroup("239.1.2.3", "");
  assertThrows(() => driver.leaveGroup("239.1.2.3", ""), MulticastJoinError);
});

Deno.test("MemoryUDPDriver.send() fails for a broadcast that is not allowed", () => {
  const fixture = new ConnectionFixture();
  const here = fixture.bind("here", "127.0.0.1", 1);
  fixture.bind("all", "0.0.0.0", 2).startReceiving();
  fixture.bind("one", "127.0.0.2", 3).startReceiving();
  here.send(bytes("one"), at("255.255.255.255", 2));
  assertEquals(fixture.settle(), [
    "here failed: Cannot send to 255.255.255.255:2: " +
    "call setBroadcastAllowed(true) to allow broadcasts",
  ]);
  here.setBroadcast(true);
  for (const port of [2, 3]) here.send(bytes("two"), at("127.255.255.255", port));
  assertEquals(fixture.settle(), ["here sent", "here sent", "all received two from 127.0.0.1:1"]);
});

Deno.test("MemoryUDPDriver on all of IPv6 exchanges datagrams with IPv4", () => {
  const fixture = new ConnectionFixture();
  const six = fixture.bind("six", "::", 1);
  const four = fixture.bind("four", "127.0.0.1", 2);
  for (const each of [six, four]) each.startReceiving();
  four.send(bytes("one"), at("127.0.0.1", 1));
  assertEquals(fixture.settle(), ["four sent", "six received one from [::ffff:127.0.0.1]:2"]);
  six.send(bytes("two"), new IPv6Address("UDP", "::ffff:127.0.0.1", 2));
  assertEquals(fixture.settle(), ["six sent", "four received two from 127.0.0.1:1"]);
  assertThrows(() => fixture.network.bind("127.0.0.1", 1), CannotListenError, "in use");
});

Deno.test("MemoryDatagramNetwork binds and reaches only addresses of the machine", () => {
  const network = new MemoryDatagramNetwork({ isLocal: (host) => host !== "192.0.2.1" });
  const error = assertThrows(() => network.bind("192.0.2.1", 1), CannotListenError);
  assertEquals(error.code, "EADDRNOTAVAIL");
  const driver = network.bind("127.0.0.1", 1);
  assertThrows(() => driver.setMulticastInterface("192.0.2.1"), DatagramError, "192.0.2.1");
});
