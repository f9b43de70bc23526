/** Receiving: what is delivered, and when it is held back. */

import { assert, assertEquals } from "@std/assert";
import { connect, type Recorder } from "./conformance/connection_bed.ts";

Deno.test("Chunks come in order and whole", () => {
  using bed = connect({ capacity: 5 });
  const text = Array.from({ length: 50 }, (_, i) => `<${i}>`).join("");
  bed.peer.send(text);
  bed.host.settle();
  assertEquals(bed.protocol.received, text);
});

Deno.test("pauseProducing() holds back what comes; resumeProducing() delivers it in order", () => {
  using bed = connect({ capacity: 2 });
  bed.connection.pauseProducing();
  bed.peer.send("abcdef");
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  assert(!bed.driver.isReading);
  bed.connection.resumeProducing();
  assertEquals(bed.events, ["made"]); // not within the call
  bed.host.settle();
  assertEquals(bed.events, ["made", "received ab", "received cd", "received ef"]);
});

Deno.test("pauseProducing() in connectionMade() is heeded", () => {
  using bed = connect({ connectionMade: (protocol) => protocol.transport.pauseProducing() });
  bed.peer.send("abc");
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  bed.connection.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "received abc"]);
});

Deno.test("pauseProducing() and resumeProducing() in connectionMade() and in dataReceived() change nothing", () => {
  const pauseAndResume = (protocol: Recorder) => {
    protocol.transport.pauseProducing();
    protocol.transport.pauseProducing();
    protocol.transport.resumeProducing();
    protocol.transport.resumeProducing();
  };
  using bed = connect({
    capacity: 2,
    connectionMade: pauseAndResume,
    dataReceived: pauseAndResume,
  });
  bed.peer.send("abcd");
  bed.host.settle();
  assertEquals(bed.events, ["made", "received ab", "received cd"]);
});

Deno.test("Pausing at each chunk and resuming later loses nothing", () => {
  using bed = connect({
    capacity: 3,
    dataReceived: (protocol) => {
      protocol.transport.pauseProducing();
      bed.host.reactor.callLater(1, () => protocol.transport.resumeProducing());
    },
  });
  bed.peer.send("0123456789");
  for (let i = 0; i < 5; i++) bed.host.advance(1);
  assertEquals(bed.protocol.received, "0123456789");
});

Deno.test("pauseProducing() again before the held chunk was delivered keeps it held", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.peer.send("abc");
  bed.host.settle();
  bed.connection.resumeProducing();
  bed.connection.pauseProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  bed.connection.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "received abc"]);
});

Deno.test("Pausing while the held chunk is delivered holds back the end behind it", () => {
  using bed = connect({ dataReceived: (protocol) => protocol.transport.pauseProducing() });
  bed.connection.pauseProducing();
  bed.peer.send("abc");
  bed.host.settle();
  bed.peer.driver.close();
  bed.connection.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "received abc"]);
  bed.connection.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "received abc", "lost ConnectionDone"]);
});

Deno.test("The peer's end is held back while reading is paused", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.peer.driver.close();
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  bed.connection.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("A reset is told of while reading is paused, if a read was under way", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.peer.driver.abort();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
});

Deno.test("Writing to a peer that is gone ends a paused connection", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.peer.driver.close();
  bed.host.settle();
  bed.connection.write("anybody there?");
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
});

Deno.test("loseConnection() while paused: what was held is not delivered", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.peer.send("abc");
  bed.host.settle();
  bed.connection.loseConnection();
  bed.connection.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("loseConnection() while paused reads on, into nothing: a peer that sends before it reads is not stuck", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.pauseProducing();
  bed.peer.send("I send first, and read when all is sent: 0123456789");
  bed.connection.write("0123456789");
  bed.host.settle();
  bed.connection.loseConnection();
  bed.host.settle();
  assert(bed.driver.isReading);
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "0123456789");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("pauseProducing() after loseConnection() does nothing: a closing connection reads on", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.host.settle();
  bed.connection.pauseProducing();
  assert(bed.driver.isReading);
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "0123456789");
});

Deno.test("resumeProducing() after the connection is lost does nothing", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.connection.loseConnection();
  bed.host.settle();
  bed.connection.resumeProducing();
  bed.connection.pauseProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("abortConnection() while a chunk is held: it is not delivered", () => {
  using bed = connect();
  bed.connection.pauseProducing();
  bed.peer.send("abc");
  bed.host.settle();
  bed.connection.resumeProducing();
  bed.connection.abortConnection();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("A connection that is aborted in connectionMade() does not begin to read", () => {
  using bed = connect({ connectionMade: (protocol) => protocol.transport.abortConnection() });
  assert(!bed.driver.isReading);
});
