import { assertEquals } from "@std/assert";
import { makeWorld, RawDial, RawListener } from "../fixtures/simulated_ends.ts";

Deno.test("StreamListener accepts one connection for each call of accept()", () => {
  const { network, alice, bob } = makeWorld();
  const acceptor = bob.sockets.bindTCP("0.0.0.0", 80, 10, {});
  const listener = new RawListener(acceptor, { accepts: false });
  listener.accept();
  for (let i = 0; i < 3; i++) new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  assertEquals(listener.ends.length, 1);
  listener.accept();
  network.advance(0);
  assertEquals(listener.ends.length, 2);
});

Deno.test("StreamListener queues one connection more than its backlog, as Linux does", () => {
  const { network, alice, bob } = makeWorld();
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 3, {}), { accepts: false });
  const dials = Array.from({ length: 8 }, () => {
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(0.01);
    return dial;
  });
  assertEquals(dials.filter(({ end }) => end !== null).length, 4);
});

Deno.test("StreamListener accepts after a pause of its process, in the order of the arrivals", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  bob.pause();
  for (const text of ["first", "second"]) {
    const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
    network.advance(1);
    dial.connected.write(text);
  }
  network.advance(1);
  assertEquals(listener.ends.length, 0);
  bob.resume();
  network.advance(1);
  assertEquals(listener.ends.map(({ text }) => text), ["first", "second"]);
});

Deno.test("StreamListener.close() frees the address, and resets the connections in the queue", () => {
  const { network, alice, bob } = makeWorld();
  const acceptor = bob.sockets.bindTCP("0.0.0.0", 80, 10, {});
  new RawListener(acceptor, { accepts: false });
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  acceptor.close();
  acceptor.close();
  bob.sockets.bindTCP("0.0.0.0", 80, 10, {}).close();
  network.advance(1);
  assertEquals(dial.connected.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamListener of a killed process resets the connections in the queue", () => {
  const { network, alice, bob } = makeWorld();
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}), { accepts: false });
  const dial = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(1);
  bob.kill();
  network.advance(1);
  assertEquals(dial.connected.events, ["failed read ECONNRESET"]);
});

Deno.test("StreamListener on one address comes before one on all addresses of another family", () => {
  const { network, alice, bob } = makeWorld();
  const onAll = new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const onOne = new RawListener(bob.sockets.bindTCP("fd00::2", 80, 10, {}));
  for (const host of ["10.0.0.2", "fd00::2"]) new RawDial(alice.sockets.dialTCP(host, 80, {}));
  network.advance(1);
  assertEquals([onAll.ends.length, onOne.ends.length], [1, 1]);
});

Deno.test("StreamListener on all of IPv6 accepts IPv4, and shows the peer's IPv4 address", () => {
  const { network, alice, bob } = makeWorld();
  const listener = new RawListener(bob.sockets.bindTCP("::", 80, 10, {}));
  for (const host of ["10.0.0.2", "fd00::2"]) new RawDial(alice.sockets.dialTCP(host, 80, {}));
  network.advance(1);
  const peers = listener.ends.map(({ driver }) => String(driver.getPeer()).replace(/:\d+$/, ""));
  assertEquals(peers, ["10.0.0.1", "[fd00::1]"]);
});

Deno.test("StreamListener ignores attempts while its queue is full by a fault, or until heal()", () => {
  const { network, alice, bob } = makeWorld({
    faults: ["full queue bob #1 2.5 s", "full queue bob #2 5 s"],
  });
  new RawListener(bob.sockets.bindTCP("0.0.0.0", 80, 10, {}));
  const first = new RawDial(alice.sockets.dialTCP("10.0.0.2", 80, {}));
  network.advance(2.9);
  assertEquals(first.end, null);
  // The attempt is repeated after 1 s and 3 s, and finds the second fault.
  network.advance(0.2);
  assertEquals(first.end, null);
  network.heal();
  network.advance(4);
  assertEquals(first.end !== null, true);
});
