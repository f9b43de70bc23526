/** Receiving: what is delivered, and when it is held back. */

import { assert, assertEquals } from "@std/assert";
import { connect, type Recorder } from "../../testing/fixtures/connection_fixture.ts";

Deno.test("Chunks come in order and whole", () => {
  using fixture = connect({ capacity: 5 });
  const text = Array.from({ length: 50 }, (_, i) => `<${i}>`).join("");
  fixture.peer.send(text);
  fixture.host.settle();
  assertEquals(fixture.protocol.received, text);
});

Deno.test("pauseProducing() holds back what comes; resumeProducing() delivers it in order", () => {
  using fixture = connect({ capacity: 2 });
  fixture.connection.pauseProducing();
  fixture.peer.send("abcdef");
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  assert(!fixture.driver.isReading);
  fixture.connection.resumeProducing();
  assertEquals(fixture.events, ["made"]); // not within the call
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received ab", "received cd", "received ef"]);
});

Deno.test("pauseProducing() in connectionMade() is heeded", () => {
  using fixture = connect({ connectionMade: (protocol) => protocol.transport.pauseProducing() });
  fixture.peer.send("abc");
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received abc"]);
});

Deno.test("pauseProducing() and resumeProducing() in connectionMade() and in dataReceived() change nothing", () => {
  const pauseAndResume = (protocol: Recorder) => {
    protocol.transport.pauseProducing();
    protocol.transport.pauseProducing();
    protocol.transport.resumeProducing();
    protocol.transport.resumeProducing();
  };
  using fixture = connect({
    capacity: 2,
    connectionMade: pauseAndResume,
    dataReceived: pauseAndResume,
  });
  fixture.peer.send("abcd");
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received ab", "received cd"]);
});

Deno.test("Pausing at each chunk and resuming later loses nothing", () => {
  using fixture = connect({
    capacity: 3,
    dataReceived: (protocol) => {
      protocol.transport.pauseProducing();
      fixture.host.reactor.callLater(1, () => protocol.transport.resumeProducing());
    },
  });
  fixture.peer.send("0123456789");
  for (let i = 0; i < 5; i++) fixture.host.advance(1);
  assertEquals(fixture.protocol.received, "0123456789");
});

Deno.test("pauseProducing() again before the held chunk was delivered keeps it held", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.send("abc");
  fixture.host.settle();
  fixture.connection.resumeProducing();
  fixture.connection.pauseProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received abc"]);
});

Deno.test("Pausing while the held chunk is delivered holds back the end behind it", () => {
  using fixture = connect({ dataReceived: (protocol) => protocol.transport.pauseProducing() });
  fixture.connection.pauseProducing();
  fixture.peer.send("abc");
  fixture.host.settle();
  fixture.peer.driver.close();
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received abc"]);
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received abc", "lost ConnectionDone"]);
});

Deno.test("The peer's end is held back while reading is paused", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("A reset is told of while reading is paused, if a read was under way", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
});

Deno.test("Writing to a peer that is gone ends a paused connection", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.driver.close();
  fixture.host.settle();
  fixture.connection.write("anybody there?");
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
});

Deno.test("loseConnection() while paused: what was held is not delivered", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.send("abc");
  fixture.host.settle();
  fixture.connection.loseConnection();
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("loseConnection() while paused reads on, into nothing: a peer that sends before it reads is not stuck", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.pauseProducing();
  fixture.peer.send("I send first, and read when all is sent: 0123456789");
  fixture.connection.write("0123456789");
  fixture.host.settle();
  fixture.connection.loseConnection();
  fixture.host.settle();
  assert(fixture.driver.isReading);
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "0123456789");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("pauseProducing() after loseConnection() does nothing: a closing connection reads on", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.connection.pauseProducing();
  assert(fixture.driver.isReading);
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "0123456789");
});

Deno.test("resumeProducing() after the connection is lost does nothing", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.connection.resumeProducing();
  fixture.connection.pauseProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("abortConnection() while a chunk is held: it is not delivered", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.send("abc");
  fixture.host.settle();
  fixture.connection.resumeProducing();
  fixture.connection.abortConnection();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("A connection that is aborted in connectionMade() does not begin to read", () => {
  using fixture = connect({ connectionMade: (protocol) => protocol.transport.abortConnection() });
  assert(!fixture.driver.isReading);
});
