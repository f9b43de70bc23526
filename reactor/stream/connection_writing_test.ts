/** Writing: how writes are joined and sent, and their limits. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { connect } from "../../testing/fixtures/connection_fixture.ts";
import { LingerTimeout, WriteBufferExceeded } from "../errors.ts";

for (const synchronous of [false, true]) {
  const how = synchronous ? "a synchronous" : "an asynchronous";

  Deno.test(`Connection.write() joins small writes of one turn over ${how} driver`, () => {
    using fixture = connect({ synchronous });
    for (let i = 0; i < 100; i++) fixture.connection.write(`${i},`);
    assertEquals(fixture.driver.calls, []);
    fixture.host.settle();
    const text = Array.from({ length: 100 }, (_, i) => `${i},`).join("");
    assertEquals(fixture.driver.calls, [`write(${text.length})`]);
    assertEquals(fixture.peer.text, text);
  });

  Deno.test(`Connection joins the writes of one dataReceived() over ${how} driver`, () => {
    using fixture = connect({
      synchronous,
      dataReceived: (protocol, data) => {
        for (const letter of data) protocol.transport.write(letter.toUpperCase());
        calls.push(...fixture.driver.calls);
      },
    });
    const calls: string[] = [];
    fixture.peer.send("abc");
    fixture.host.settle();
    assertEquals(calls, []);
    assertEquals(fixture.driver.calls, ["write(3)"]);
    assertEquals(fixture.peer.text, "ABC");
  });

  Deno.test(`Connection continues partial writes over ${how} driver`, () => {
    using fixture = connect({ synchronous, capacity: 7 });
    const long = "0123456789".repeat(1000);
    fixture.connection.write("head");
    fixture.connection.write(long);
    fixture.connection.write("tail");
    fixture.connection.loseConnection();
    fixture.host.settle();
    assertEquals(fixture.peer.text, `head${long}tail`);
    assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
  });
}

Deno.test("Connection.write() accepts bytes or a string, writeSequence() several of them", () => {
  using fixture = connect();
  fixture.connection.write(new TextEncoder().encode("bytes "));
  fixture.connection.write("und Zeichen: ä€𝄞 ");
  fixture.connection.writeSequence(["one ", new Uint8Array([0x32, 0x20]), "", "three"]);
  fixture.host.settle();
  assertEquals(fixture.peer.text, "bytes und Zeichen: ä€𝄞 one 2 three");
});

Deno.test("Connection.write() throws a TypeError for other values, before and after the loss", () => {
  using fixture = connect();
  // Wrong types, as JavaScript may pass them.
  const write = fixture.connection.write.bind(fixture.connection) as (data: unknown) => void;
  for (let i = 0; i < 2; i++) {
    for (const [wrong, name] of [[5, "5"], [null, "null"], [[1], "an object of class Array"]]) {
      assertThrows(
        () => write(wrong),
        TypeError,
        `write() data must be a Uint8Array or a string, got ${name}`,
      );
    }
    fixture.connection.loseConnection();
    fixture.host.settle();
  }
});

Deno.test("Connection.writeSequence() throws for a piece of a wrong type, and sends no piece", () => {
  using fixture = connect();
  // Wrong types, as JavaScript may pass them.
  const wrong = 3 as unknown as string;
  for (const pieces of [["one", wrong, "two"], new Set(["one", wrong, "two"])]) {
    assertThrows(
      () => fixture.connection.writeSequence(pieces),
      TypeError,
      "writeSequence() data must be a Uint8Array or a string, got 3",
    );
  }
  fixture.host.settle();
  assertEquals(fixture.peer.text, "");
});

Deno.test("Connection.write() with no bytes sends nothing", () => {
  using fixture = connect();
  fixture.connection.write("");
  fixture.connection.write(new Uint8Array());
  fixture.connection.writeSequence([]);
  fixture.host.settle();
  assertEquals(fixture.driver.calls, []);
});

Deno.test("Connection.write() after loseConnection() sends while the connection is open", () => {
  using fixture = connect();
  fixture.connection.write("one ");
  fixture.connection.loseConnection();
  fixture.connection.write("two");
  fixture.host.settle();
  assertEquals(fixture.peer.text, "one two");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.write() drops data after the loss or an abort", () => {
  using fixture = connect();
  fixture.connection.abortConnection();
  fixture.connection.write("late");
  fixture.host.settle();
  fixture.connection.write("later");
  fixture.connection.writeSequence(["and", "later"]);
  fixture.host.settle();
  assertEquals(fixture.driver.calls, ["abort()"]);
});

Deno.test("Connection.write() copies small data, so that the caller may reuse its memory", () => {
  using fixture = connect();
  const bytes = new TextEncoder().encode("before");
  fixture.connection.write(bytes);
  bytes.fill(0);
  fixture.host.settle();
  assertEquals(fixture.peer.text, "before");
});

Deno.test("Connection.write() during a write in flight waits for it", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.host.settle();
  fixture.connection.write("abc");
  fixture.connection.write("def");
  fixture.host.settle();
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "0123456789abcdef");
});

Deno.test("Connection does not mix its bytes with those of another connection", () => {
  using one = connect({ capacity: 3 });
  using two = connect({ capacity: 3 });
  for (let round = 0; round < 20; round++) {
    one.connection.write("a".repeat(10));
    two.connection.write("b".repeat(10));
    one.host.endTurn();
    two.host.settle();
    one.host.settle();
  }
  assertEquals(one.peer.text, "a".repeat(200));
  assertEquals(two.peer.text, "b".repeat(200));
});

Deno.test("Connection.write() beyond writeBufferLimit aborts with WriteBufferExceeded", () => {
  using fixture = connect({ capacity: 1, writeBufferLimit: 100, writeBufferHighWater: 50 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("x".repeat(60));
  fixture.connection.write("x".repeat(40));
  fixture.host.settle();
  assert(fixture.connection.connected);
  fixture.connection.write("x".repeat(10));
  assertEquals(fixture.events, ["made"]); // not within the call
  fixture.host.settle();
  const { reason } = fixture.protocol;
  assertInstanceOf(reason, WriteBufferExceeded);
  assertEquals(fixture.driver.calls.at(-1), "abort()");
  assertEquals([reason.buffered, reason.limit], [98, 100]);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: a write of 10 bytes exceeds the write buffer's limit of 100 bytes, of which 98 are in use",
  );
});

Deno.test("Connection.write() accepts one large write into an empty buffer beyond the limit", () => {
  using fixture = connect({ writeBufferLimit: 100 });
  const huge = "y".repeat(100_000);
  fixture.connection.write(huge);
  fixture.host.settle();
  fixture.connection.write(huge);
  fixture.connection.loseConnection();
  fixture.host.settle();
  assertEquals(fixture.peer.text.length, 200_000);
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("writeBufferLimit holds also when the high-water mark is above it", () => {
  using fixture = connect({ capacity: 1, writeBufferLimit: 100 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("x".repeat(60));
  fixture.connection.write("x".repeat(60));
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost WriteBufferExceeded"]);
});

Deno.test("writeBufferLimit of Infinity allows any amount", () => {
  using fixture = connect({ capacity: 1, writeBufferLimit: Infinity });
  fixture.peer.driver.stopReading();
  for (let i = 0; i < 1000; i++) fixture.connection.write(new Uint8Array(100_000));
  fixture.host.settle();
  assert(fixture.connection.connected);
  fixture.connection.abortConnection();
  fixture.host.settle();
});

Deno.test("linger aborts a closing connection if the peer never reads", () => {
  using fixture = connect({ capacity: 4, linger: 30 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.host.advance(29);
  assert(fixture.connection.connected);
  fixture.host.advance(1);
  const { reason } = fixture.protocol;
  assertInstanceOf(reason, LingerTimeout);
  assertEquals(fixture.driver.calls.at(-1), "abort()");
  // The peer had received four bytes before it stopped reading, and four more are in transit.
  assertEquals(reason.unsent, 2);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: the peer read none of the remaining 2 bytes for 30 s",
  );
});

Deno.test("linger time starts anew when the peer reads", () => {
  using fixture = connect({ capacity: 1, linger: 30 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.host.settle();
  for (let i = 0; i < 5; i++) {
    fixture.host.advance(29);
    assert(fixture.connection.connected, `after ${i} times`);
    fixture.peer.driver.startReading();
    fixture.peer.driver.stopReading();
    fixture.host.settle(); // one byte
  }
  fixture.host.advance(30);
  assertEquals(fixture.events, ["made", "lost LingerTimeout"]);
});

Deno.test("linger of Infinity lets a closing connection wait without limit", () => {
  using fixture = connect({ capacity: 1, linger: Infinity });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.host.advance(1e9);
  assert(fixture.connection.connected);
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "0123456789");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("linger of 0 aborts a closing connection at once if bytes are unsent", () => {
  using fixture = connect({ capacity: 1, linger: 0 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.host.advance(0);
  assertEquals(fixture.events, ["made", "lost LingerTimeout"]);
});

Deno.test("linger does not abort open connections, or closing ones without unsent bytes", () => {
  using fixture = connect({ capacity: 1 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
  fixture.connection.loseConnection();
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls().length, 1);
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
});

Deno.test("linger also aborts a connection with unsent bytes after its peer has closed", () => {
  using fixture = connect({ capacity: 1, linger: 5 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  fixture.host.advance(5);
  assertEquals(fixture.events, ["made", "lost LingerTimeout"]);
});
