/** Sending: what goes out, in how many writes, and what bounds it. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { connect } from "./conformance/connection_bed.ts";
import { LingerTimeout, WriteBufferExceeded } from "./errors.ts";

for (const synchronous of [false, true]) {
  const how = synchronous ? "a synchronous" : "an asynchronous";

  Deno.test(`Many small writes in one turn leave as one over ${how} driver`, () => {
    using bed = connect({ synchronous });
    for (let i = 0; i < 100; i++) bed.connection.write(`${i},`);
    assertEquals(bed.driver.calls, []);
    bed.host.settle();
    const text = Array.from({ length: 100 }, (_, i) => `${i},`).join("");
    assertEquals(bed.driver.calls, [`write(${text.length})`]);
    assertEquals(bed.peer.text, text);
  });

  Deno.test(`The writes of one dataReceived() leave as one when it returns, over ${how} driver`, () => {
    using bed = connect({
      synchronous,
      dataReceived: (protocol, data) => {
        for (const letter of data) protocol.transport.write(letter.toUpperCase());
        calls.push(...bed.driver.calls);
      },
    });
    const calls: string[] = [];
    bed.peer.send("abc");
    bed.host.settle();
    assertEquals(calls, []);
    assertEquals(bed.driver.calls, ["write(3)"]);
    assertEquals(bed.peer.text, "ABC");
  });

  Deno.test(`Partial writes go on where they stopped, over ${how} driver`, () => {
    using bed = connect({ synchronous, capacity: 7 });
    const long = "0123456789".repeat(1000);
    bed.connection.write("head");
    bed.connection.write(long);
    bed.connection.write("tail");
    bed.connection.loseConnection();
    bed.host.settle();
    assertEquals(bed.peer.text, `head${long}tail`);
    assertEquals(bed.events, ["made", "lost ConnectionDone"]);
  });
}

Deno.test("write() takes bytes and strings, and writeSequence() several", () => {
  using bed = connect();
  bed.connection.write(new TextEncoder().encode("bytes "));
  bed.connection.write("und Zeichen: ä€𝄞 ");
  bed.connection.writeSequence(["one ", new Uint8Array([0x32, 0x20]), "", "three"]);
  bed.host.settle();
  assertEquals(bed.peer.text, "bytes und Zeichen: ä€𝄞 one 2 three");
});

Deno.test("write() of anything else throws a TypeError that names it, before and after the loss", () => {
  using bed = connect();
  // Typed otherwise, as JavaScript may call it.
  const write = bed.connection.write.bind(bed.connection) as (data: unknown) => void;
  for (let i = 0; i < 2; i++) {
    for (const [wrong, name] of [[5, "5"], [null, "null"], [[1], "an object of class Array"]]) {
      assertThrows(
        () => write(wrong),
        TypeError,
        `write() data must be a Uint8Array or a string, got ${name}`,
      );
    }
    bed.connection.loseConnection();
    bed.host.settle();
  }
});

Deno.test("writeSequence() with a piece that is neither throws, and sends nothing of it", () => {
  using bed = connect();
  // As JavaScript may call it.
  const wrong = 3 as unknown as string;
  for (const pieces of [["one", wrong, "two"], new Set(["one", wrong, "two"])]) {
    assertThrows(
      () => bed.connection.writeSequence(pieces),
      TypeError,
      "writeSequence() data must be a Uint8Array or a string, got 3",
    );
  }
  bed.host.settle();
  assertEquals(bed.peer.text, "");
});

Deno.test("Writing nothing writes nothing", () => {
  using bed = connect();
  bed.connection.write("");
  bed.connection.write(new Uint8Array());
  bed.connection.writeSequence([]);
  bed.host.settle();
  assertEquals(bed.driver.calls, []);
});

Deno.test("A write after loseConnection() still goes out while the connection is open", () => {
  using bed = connect();
  bed.connection.write("one ");
  bed.connection.loseConnection();
  bed.connection.write("two");
  bed.host.settle();
  assertEquals(bed.peer.text, "one two");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("A write after the connection is lost, or aborted, is thrown away", () => {
  using bed = connect();
  bed.connection.abortConnection();
  bed.connection.write("late");
  bed.host.settle();
  bed.connection.write("later");
  bed.connection.writeSequence(["and", "later"]);
  bed.host.settle();
  assertEquals(bed.driver.calls, ["abort()"]);
});

Deno.test("Small writes are copied: the caller may reuse its memory", () => {
  using bed = connect();
  const bytes = new TextEncoder().encode("before");
  bed.connection.write(bytes);
  bytes.fill(0);
  bed.host.settle();
  assertEquals(bed.peer.text, "before");
});

Deno.test("What is written while a write is under way waits for it", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.host.settle();
  bed.connection.write("abc");
  bed.connection.write("def");
  bed.host.settle();
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "0123456789abcdef");
});

Deno.test("Two connections that send at the same time do not mix their bytes", () => {
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

Deno.test("A write that exceeds the buffer's limit aborts the connection with WriteBufferExceeded", () => {
  using bed = connect({ capacity: 1, writeBufferLimit: 100, writeBufferHighWater: 50 });
  bed.peer.driver.stopReading();
  bed.connection.write("x".repeat(60));
  bed.connection.write("x".repeat(40));
  bed.host.settle();
  assert(bed.connection.connected);
  bed.connection.write("x".repeat(10));
  assertEquals(bed.events, ["made"]); // not within the call
  bed.host.settle();
  const { reason } = bed.protocol;
  assertInstanceOf(reason, WriteBufferExceeded);
  assertEquals(bed.driver.calls.at(-1), "abort()");
  assertEquals([reason.buffered, reason.limit], [98, 100]);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: a write of 10 bytes behind 98 unsent ones exceeds the limit of 100",
  );
});

Deno.test("One huge write into an empty buffer is fine, whatever the limit", () => {
  using bed = connect({ writeBufferLimit: 100 });
  const huge = "y".repeat(100_000);
  bed.connection.write(huge);
  bed.host.settle();
  bed.connection.write(huge);
  bed.connection.loseConnection();
  bed.host.settle();
  assertEquals(bed.peer.text.length, 200_000);
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("The limit holds where the high-water mark is above it", () => {
  using bed = connect({ capacity: 1, writeBufferLimit: 100 });
  bed.peer.driver.stopReading();
  bed.connection.write("x".repeat(60));
  bed.connection.write("x".repeat(60));
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost WriteBufferExceeded"]);
});

Deno.test("With a limit of Infinity nothing is too much", () => {
  using bed = connect({ capacity: 1, writeBufferLimit: Infinity });
  bed.peer.driver.stopReading();
  for (let i = 0; i < 1000; i++) bed.connection.write(new Uint8Array(100_000));
  bed.host.settle();
  assert(bed.connection.connected);
  bed.connection.abortConnection();
  bed.host.settle();
});

Deno.test("A closing connection to a peer that never reads is aborted after the linger time", () => {
  using bed = connect({ capacity: 4, linger: 30 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.host.settle();
  bed.host.advance(29);
  assert(bed.connection.connected);
  bed.host.advance(1);
  const { reason } = bed.protocol;
  assertInstanceOf(reason, LingerTimeout);
  assertEquals(bed.driver.calls.at(-1), "abort()");
  // Four bytes had come before the peer stopped reading, and four are on their way.
  assertEquals(reason.unsent, 2);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: 2 bytes unsent 30 s after the last progress",
  );
});

Deno.test("Progress starts the linger time anew", () => {
  using bed = connect({ capacity: 1, linger: 30 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.host.settle();
  for (let i = 0; i < 5; i++) {
    bed.host.advance(29);
    assert(bed.connection.connected, `after ${i} times`);
    bed.peer.driver.startReading();
    bed.peer.driver.stopReading();
    bed.host.settle(); // one byte
  }
  bed.host.advance(30);
  assertEquals(bed.events, ["made", "lost LingerTimeout"]);
});

Deno.test("A linger time of Infinity waits for ever", () => {
  using bed = connect({ capacity: 1, linger: Infinity });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.host.settle();
  bed.host.advance(1e9);
  assert(bed.connection.connected);
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "0123456789");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("A linger time of 0 gives up at once what could not be sent at once", () => {
  using bed = connect({ capacity: 1, linger: 0 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.host.settle();
  bed.host.advance(0);
  assertEquals(bed.events, ["made", "lost LingerTimeout"]);
});

Deno.test("Nothing lingers when all has been sent, and an open connection never does", () => {
  using bed = connect({ capacity: 1 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.host.settle();
  assertEquals(bed.host.reactor.getDelayedCalls(), []);
  bed.connection.loseConnection();
  bed.host.settle();
  assertEquals(bed.host.reactor.getDelayedCalls().length, 1);
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.host.reactor.getDelayedCalls(), []);
});

Deno.test("The linger time also bounds what is left to send when the peer has closed", () => {
  using bed = connect({ capacity: 1, linger: 5 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.peer.driver.closeWrite();
  bed.host.settle();
  bed.host.advance(5);
  assertEquals(bed.events, ["made", "lost LingerTimeout"]);
});
