// The counters of a connection, and the totals of its reactor.

import { assertEquals } from "@std/assert";
import { BorrowingDriver } from "../../testing/fixtures/borrowing_driver.ts";
import { connect, Recorder, TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { Connection } from "./connection.ts";
import { connectionLimits } from "./connection_limits.ts";

Deno.test("Connection.stats() has the bytes, the pauses and the time of opening", () => {
  const host = new TestHost();
  host.advance(7);
  const driver = new BorrowingDriver();
  driver.holdsWrites = true;
  const owner = {
    context: host,
    limits: connectionLimits({ writeBufferHighWater: 4 }),
    logSuffix: () => "",
    connectionLost: () => {},
  };
  const connection = new Connection(owner, driver, new Recorder());
  connection.open();
  assertEquals(connection.stats(), {
    bytesReceived: 0,
    bytesSent: 0,
    bytesUnsent: 0,
    receivingPaused: false,
    producerPaused: false,
    openedAt: 7,
  });
  driver.arrive("hello");
  connection.registerProducer({
    pauseProducing: () => {},
    resumeProducing: () => {},
    stopProducing: () => {},
  }, true);
  connection.write("goodbye");
  host.endTurn();
  connection.pauseProducing();
  const full = connection.stats();
  assertEquals([full.bytesReceived, full.bytesSent, full.bytesUnsent], [5, 0, 7]);
  assertEquals([full.receivingPaused, full.producerPaused], [true, true]);
  driver.completeWrite();
  const { bytesSent, bytesUnsent, producerPaused } = connection.stats();
  assertEquals([bytesSent, bytesUnsent, producerPaused], [7, 0, false]);
});

Deno.test("Connection.stats() and the totals count a write that was in flight at an abort", () => {
  const host = new TestHost();
  const driver = new BorrowingDriver();
  driver.holdsWrites = true;
  const owner = {
    context: host,
    limits: connectionLimits({}),
    logSuffix: () => "",
    connectionLost: () => {},
  };
  const protocol = new Recorder();
  const connection = new Connection(owner, driver, protocol);
  connection.open();
  connection.write("goodbye");
  host.endTurn();
  connection.abortConnection();
  host.endTurn();
  const totals = () => host.resources.traffic.totals(host.resources.list());
  assertEquals(protocol.events.at(-1), "lost ConnectionAborted");
  assertEquals([totals().openConnections, totals().bytesSent, totals().bytesUnsent], [0, 0, 0]);
  driver.completeWrite();
  assertEquals(host.resources.size, 0);
  assertEquals([totals().bytesSent, connection.stats().bytesSent], [7, 7]);
});

Deno.test("Connection.stats() keeps its last values after the loss, without unsent bytes", () => {
  const unsent: number[] = [];
  using fixture = connect({
    capacity: 4,
    connectionLost: ({ transport }) => unsent.push(transport.stats().bytesUnsent),
  });
  fixture.peer.send("hi");
  fixture.peer.driver.stopReading();
  fixture.host.settle();
  fixture.connection.write("goodbye, all of you");
  fixture.host.settle();
  fixture.connection.abortConnection();
  fixture.host.settle();
  const { bytesReceived, bytesSent, bytesUnsent } = fixture.connection.stats();
  assertEquals([bytesReceived, bytesUnsent, unsent], [2, 0, [0]]);
  const totals = fixture.host.resources.traffic.totals([]);
  assertEquals([totals.bytesReceived, totals.bytesSent], [2, bytesSent]);
});

Deno.test("Connection.shutDown() counts the bytes that the driver takes when it closes", () => {
  using fixture = connect({ capacity: 4 });
  fixture.connection.write("goodbye");
  fixture.connection.shutDown();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "good");
  assertEquals(fixture.connection.stats().bytesSent, 4);
});

Deno.test("Connection shows no owner when it is printed, because a factory may have secrets", () => {
  using fixture = connect();
  assertEquals(Deno.inspect(fixture.connection, { depth: 9 }).includes("logSuffix"), false);
});
