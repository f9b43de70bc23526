/** Reading: when a connection delivers chunks, and when it holds them back. */

import { assert, assertEquals } from "@std/assert";
import { connect, type Recorder } from "../../testing/fixtures/connection_fixture.ts";

Deno.test("Connection delivers chunks in order and complete", () => {
  using fixture = connect({ capacity: 5 });
  const text = Array.from({ length: 50 }, (_, i) => `<${i}>`).join("");
  fixture.peer.send(text);
  fixture.host.settle();
  assertEquals(fixture.protocol.received, text);
});

Deno.test("Connection.pauseProducing() holds chunks back until resumeProducing(), in order", () => {
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

Deno.test("Connection.pauseProducing() works in connectionMade()", () => {
  using fixture = connect({ connectionMade: (protocol) => protocol.transport.pauseProducing() });
  fixture.peer.send("abc");
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received abc"]);
});

Deno.test("Connection.resumeProducing() in the same method cancels pauseProducing()", () => {
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

Deno.test("Connection loses no data if it is paused at each chunk and resumed later", () => {
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

Deno.test("Connection.pauseProducing() after a resume keeps a chunk that was not delivered yet", () => {
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

Deno.test("Connection.pauseProducing() with a held chunk also holds back the peer's close", () => {
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

Deno.test("Connection.pauseProducing() holds back the peer's close", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection is lost at once by a reset while it is paused during a read", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
});

Deno.test("Connection is lost while paused when it writes to a closed peer", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.driver.close();
  fixture.host.settle();
  fixture.connection.write("anybody there?");
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
});

Deno.test("Connection.loseConnection() while paused drops the held chunk", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.send("abc");
  fixture.host.settle();
  fixture.connection.loseConnection();
  fixture.connection.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.loseConnection() while paused keeps reading and drops received data", () => {
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

Deno.test("Connection.pauseProducing() after loseConnection() does nothing", () => {
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

Deno.test("Connection.resumeProducing() after the loss does nothing", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.connection.resumeProducing();
  fixture.connection.pauseProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.abortConnection() drops a held chunk", () => {
  using fixture = connect();
  fixture.connection.pauseProducing();
  fixture.peer.send("abc");
  fixture.host.settle();
  fixture.connection.resumeProducing();
  fixture.connection.abortConnection();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("Connection.abortConnection() in connectionMade() prevents the first read", () => {
  using fixture = connect({ connectionMade: (protocol) => protocol.transport.abortConnection() });
  assert(!fixture.driver.isReading);
});
