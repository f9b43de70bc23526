/**
 * Producers: when a connection pauses, resumes and stops them, and how they delay `loseConnection`.
 * Of Twisted's tests:
 *
 * - `test/test_internet.py`, `ProducerTests`: all six.
 * - `internet/test/test_tcp.py`: `WriteSequenceTestsMixin.test_streamingProducer` and
 *   `test_nonStreamingProducer`; of `AbortConnectionMixin` `test_resumeProducingAbort`,
 *   `test_resumeProducingAbortLater`, `test_fullWriteBuffer`,
 *   `test_fullWriteBufferAfterByteExchange`, `test_resumeProducingThrows`. Over sockets:
 *   `testing/conformance/stream_transfer.ts`.
 * - `internet/test/connectionmixins.py`: `test_unregisterProducerAfterDisconnect`.
 *
 * A second producer gets an `Error` where Twisted raises `RuntimeError`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { connect, type ConnectionFixture } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { LingerTimeout } from "../errors.ts";

/** A producer that records the calls that it receives. */
class Producer {
  readonly calls: string[] = [];
  readonly #resumed: () => void;

  constructor(resumed: () => void = () => {}) {
    this.#resumed = resumed;
  }

  pauseProducing(): void {
    this.calls.push("pause");
  }

  resumeProducing(): void {
    this.calls.push("resume");
    this.#resumed();
  }

  stopProducing(): void {
    this.calls.push("stop");
  }
}

/** Returns a connection whose peer takes nothing more. */
function stuck(options: Parameters<typeof connect>[0] = {}): ConnectionFixture {
  const fixture = connect({ capacity: 1, ...options });
  fixture.peer.driver.stopReading();
  fixture.connection.write("ab"); // one is read, one stays on its way
  fixture.host.settle();
  return fixture;
}

Deno.test("Connection pauses a push producer above the high-water mark and resumes it when empty", () => {
  using fixture = stuck({ writeBufferHighWater: 10 });
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("0123456789");
  assertEquals(producer.calls, []); // at the mark, not above it
  fixture.connection.write("x");
  assertEquals(producer.calls, ["pause"]);
  fixture.connection.write("y");
  assertEquals(producer.calls, ["pause"]);
  fixture.host.settle();
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(producer.calls, ["pause", "resume"]);
  assertEquals(fixture.peer.text, "ab0123456789xy");
  fixture.connection.unregisterProducer();
});

Deno.test("Connection.writeSequence() pauses a push producer as write() does", () => {
  using fixture = connect({ writeBufferHighWater: 500 });
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.writeSequence(Array.from({ length: 20 }, () => "x".repeat(50)));
  assertEquals(producer.calls, ["pause"]);
  fixture.host.settle();
  assertEquals(producer.calls, ["pause", "resume"]);
  fixture.connection.unregisterProducer();
});

Deno.test("Connection does not resume a push producer that it has not paused", () => {
  using fixture = connect();
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("little");
  fixture.host.settle();
  assertEquals(producer.calls, []);
  fixture.connection.unregisterProducer();
});

Deno.test("Connection pauses a push producer again that writes in resumeProducing(), without loss", () => {
  using fixture = connect({ writeBufferHighWater: 3, capacity: 2 });
  let next = 0;
  const producer = new Producer(() => {
    if (next < 10) fixture.connection.write(`<${next++}>-`);
    else fixture.connection.unregisterProducer();
  });
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("begin");
  fixture.host.settle();
  assertEquals(
    fixture.peer.text,
    "begin" + Array.from({ length: 10 }, (_, i) => `<${i}>-`).join(""),
  );
  assertEquals(producer.calls.filter((call) => call === "pause").length, 11);
});

for (const synchronous of [false, true]) {
  Deno.test(`Connection resumes a pull producer when empty, over ${synchronous ? "a sync" : "an async"} driver`, () => {
    using fixture = connect({ synchronous });
    let pieces = 0;
    const producer = new Producer(() => {
      fixture.connection.write(`${pieces++} `);
      if (pieces === 4) fixture.connection.unregisterProducer();
    });
    fixture.connection.registerProducer(producer, false);
    assertEquals(producer.calls, ["resume"]);
    fixture.host.settle();
    assertEquals(fixture.peer.text, "0 1 2 3 ");
    assertEquals(producer.calls, Array(4).fill("resume"));
    assert(fixture.connection.connected);
  });
}

Deno.test("Connection never pauses a pull producer", () => {
  using fixture = stuck({ writeBufferHighWater: 10 });
  const producer = new Producer(() => fixture.connection.write("x".repeat(100)));
  fixture.connection.registerProducer(producer, false);
  fixture.host.settle();
  assertEquals(producer.calls, ["resume"]);
  fixture.connection.unregisterProducer();
});

Deno.test("Connection.registerProducer() throws for a second producer and keeps the first", () => {
  using fixture = connect();
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  assertThrows(
    () => fixture.connection.registerProducer(new Producer(), true),
    Error,
    "Cannot register the producer an object of class Producer: an object of class Producer is already registered",
  );
  fixture.connection.unregisterProducer();
  fixture.connection.registerProducer(new Producer(), true);
  assertEquals(producer.calls, []);
  fixture.connection.unregisterProducer();
});

Deno.test("Connection.registerProducer() after the loss stops the producer at once", () => {
  using fixture = connect();
  fixture.connection.loseConnection();
  fixture.host.settle();
  for (const streaming of [true, false]) {
    const producer = new Producer();
    fixture.connection.registerProducer(producer, streaming);
    assertEquals(producer.calls, ["stop"]);
  }
});

for (const end of ["loss", "abort", "shutdown"] as const) {
  Deno.test(`Connection stops its producer once at its ${end}`, () => {
    using fixture = connect();
    const producer = new Producer();
    fixture.connection.registerProducer(producer, true);
    if (end === "loss") fixture.peer.driver.abort();
    else if (end === "abort") fixture.connection.abortConnection();
    else fixture.connection.shutDown();
    fixture.host.settle();
    assertEquals(producer.calls, ["stop"]);
    fixture.connection.unregisterProducer();
    fixture.host.settle();
    assertEquals(fixture.events.length, 2);
  });
}

Deno.test("Connection stops its producer when the peer closes", () => {
  using fixture = stuck();
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.peer.driver.closeWrite();
  fixture.connection.write("left");
  fixture.host.settle();
  assertEquals(producer.calls, ["stop"]);
  const late = new Producer();
  fixture.connection.registerProducer(late, false);
  assertEquals(late.calls, ["stop"]);
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "ableft");
  assertEquals(fixture.events.at(-1), "lost ConnectionDone");
});

for (const streaming of [true, false]) {
  const kind = streaming ? "push" : "pull";

  Deno.test(`Connection.loseConnection() waits until a ${kind} producer is unregistered`, () => {
    using fixture = connect();
    const producer = new Producer();
    fixture.connection.registerProducer(producer, streaming);
    fixture.connection.write("one ");
    fixture.connection.loseConnection();
    fixture.host.settle();
    assert(fixture.connection.connected);
    fixture.connection.write("two");
    fixture.host.settle();
    assert(fixture.connection.connected);
    fixture.connection.unregisterProducer();
    assertEquals(fixture.events, ["made"]); // not within the call
    fixture.host.settle();
    assertEquals(fixture.peer.text, "one two");
    assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
    assert(!producer.calls.includes("stop"));
  });

  Deno.test(`Connection.loseWriteConnection() waits until a ${kind} producer is unregistered`, () => {
    using fixture = connect();
    fixture.connection.registerProducer(new Producer(), streaming);
    fixture.connection.write("one ");
    fixture.connection.loseWriteConnection();
    fixture.host.settle();
    fixture.connection.write("two");
    fixture.host.settle();
    assertEquals(fixture.peer.end, "");
    fixture.connection.unregisterProducer();
    fixture.host.settle();
    assertEquals([fixture.peer.text, fixture.peer.end], ["one two", "ended"]);
    assert(fixture.connection.connected);
  });
}

Deno.test("Connection waits for a producer that never unregisters at most for the linger time", () => {
  using fixture = connect({ linger: 20 });
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.host.advance(19);
  fixture.connection.write("still here");
  fixture.host.settle();
  fixture.host.advance(19);
  assert(fixture.connection.connected);
  fixture.host.advance(1);
  assertEquals(fixture.protocol.reason instanceof LingerTimeout, true);
  assertEquals(producer.calls, ["stop"]);
});

Deno.test("Connection.loseConnection() in pauseProducing() waits at most for the linger time", () => {
  using fixture = stuck({ writeBufferHighWater: 3, linger: 20 });
  fixture.connection.write("x");
  fixture.host.settle();
  const producer = new Producer();
  producer.pauseProducing = () => fixture.connection.loseConnection();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("0123456789");
  fixture.host.settle();
  fixture.host.advance(20);
  assertInstanceOf(fixture.protocol.reason, LingerTimeout);
});

Deno.test("Connection.registerProducer() after the writing side has closed stops the producer", () => {
  for (const streaming of [true, false]) {
    using fixture = connect({ halfCloseable: true });
    fixture.connection.loseWriteConnection();
    fixture.host.settle();
    const producer = new Producer();
    if (streaming) fixture.connection.registerProducer(producer, true);
    else fixture.connection.registerProducer(producer, false);
    assertEquals(producer.calls, ["stop"]);
    fixture.connection.loseConnection();
    fixture.host.settle();
    assertEquals(fixture.events, ["made", "write lost", "lost ConnectionDone"]);
  }
});

Deno.test("Connection.registerProducer() lets a producer send before loseWriteConnection() closes", () => {
  using fixture = connect({ halfCloseable: true });
  fixture.connection.write("head ");
  fixture.connection.loseWriteConnection();
  let left = 3;
  const producer = new Producer(() => {
    fixture.connection.write(`${left--} `);
    if (left === 0) fixture.connection.unregisterProducer();
  });
  fixture.connection.registerProducer(producer, false);
  fixture.host.settle();
  assertEquals([fixture.peer.text, fixture.peer.end], ["head 3 2 1 ", "ended"]);
  assertEquals(fixture.events, ["made", "write lost"]);
});

Deno.test("Connection.unregisterProducer() in resumeProducing() lets loseConnection() complete", () => {
  using fixture = connect({ writeBufferHighWater: 3 });
  const producer = new Producer(() => {
    fixture.connection.write("end");
    fixture.connection.unregisterProducer();
  });
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("begin ");
  fixture.connection.loseConnection();
  fixture.host.settle();
  assertEquals(producer.calls, ["pause", "resume"]);
  assertEquals(fixture.peer.text, "begin end");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.unregisterProducer() after the loss changes nothing", () => {
  using fixture = connect();
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
  fixture.connection.unregisterProducer();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
});

Deno.test("Connection.unregisterProducer() without a producer does nothing", () => {
  using fixture = connect();
  fixture.connection.unregisterProducer();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
});

Deno.test("Connection.abortConnection() within registerProducer() calls connectionLost() later", () => {
  using fixture = connect();
  const producer = new Producer(() => fixture.connection.abortConnection());
  fixture.connection.registerProducer(producer, false);
  assertEquals(fixture.events, ["made"]);
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
  assertEquals(producer.calls, ["resume", "stop"]);
});

for (const stuckFirst of [false, true]) {
  Deno.test(`Connection.abortConnection() in pauseProducing() stops it${stuckFirst ? " with a pending write" : ""}`, () => {
    using fixture = stuckFirst
      ? stuck({ writeBufferHighWater: 3 })
      : connect({ writeBufferHighWater: 3 });
    if (stuckFirst) {
      fixture.connection.write("x");
      fixture.host.settle();
    }
    const producer = new Producer();
    producer.pauseProducing = () => {
      producer.calls.push("pause");
      fixture.connection.abortConnection();
    };
    fixture.connection.registerProducer(producer, true);
    fixture.connection.write("0123456789");
    assertEquals(fixture.events, ["made"]);
    fixture.host.settle();
    assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
    assertEquals(producer.calls, ["pause", "stop"]);
  });
}

for (const synchronous of [false, true]) {
  Deno.test(`Connection.abortConnection() in resumeProducing() aborts ${synchronous ? "a sync" : "an async"} driver`, () => {
    using fixture = connect({ synchronous, writeBufferHighWater: 3 });
    const producer = new Producer(() => {
      fixture.connection.unregisterProducer();
      fixture.connection.abortConnection();
    });
    fixture.connection.registerProducer(producer, true);
    fixture.connection.write("0123456789");
    fixture.connection.loseConnection();
    fixture.host.settle();
    assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
    assertEquals(fixture.driver.calls, ["write(10)", "abort()"]);
  });
}

Deno.test("Connection drops data that resumeProducing() writes before it aborts", () => {
  using fixture = connect({ synchronous: true, writeBufferHighWater: 3 });
  const producer = new Producer(() => {
    fixture.connection.write("more");
    fixture.connection.abortConnection();
  });
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("0123456789");
  fixture.host.settle();
  assertEquals(fixture.driver.calls, ["write(10)", "abort()"]);
});

Deno.test("Connection does not resume its producer when a write completes after an abort", () => {
  using fixture = connect({ writeBufferHighWater: 3 });
  const producer = new Producer();
  fixture.connection.registerProducer(producer, true);
  fixture.connection.write("0123456789");
  fixture.host.endTurn();
  fixture.connection.abortConnection();
  for (const step of fixture.host.steps.splice(0)) step();
  assertEquals(producer.calls, ["pause"]);
  fixture.host.settle();
  assertEquals(producer.calls, ["pause", "stop"]);
});

for (const method of ["pauseProducing", "resumeProducing", "stopProducing"] as const) {
  Deno.test(`Connection logs a producer's ${method}() that throws, and is lost with its error`, () => {
    using errors = new LoggedErrors();
    using fixture = connect({ writeBufferHighWater: 3 });
    const producer = new Producer();
    const error = new RangeError("boom");
    producer[method] = () => {
      throw error;
    };
    fixture.connection.registerProducer(producer, true);
    if (method === "stopProducing") fixture.peer.driver.close();
    else fixture.connection.write("0123456789");
    fixture.host.settle();
    assertEquals(errors.take(), [error]);
    if (method === "stopProducing") assertEquals(fixture.events.length, 2);
    else assertStrictEquals(fixture.protocol.reason, error);
  });
}

Deno.test("Connection registered as a producer pauses reading for a slow peer of the consumer", () => {
  using slow = connect({ capacity: 2, writeBufferHighWater: 10 });
  slow.peer.driver.stopReading();
  using fast = connect({
    capacity: 16,
    dataReceived: (_, data) => {
      slow.connection.write(data);
      slow.host.settle();
    },
  });
  slow.connection.registerProducer(fast.connection, true);
  const text = "0123456789".repeat(20);
  fast.peer.send(text);
  fast.host.settle();
  assert(!fast.driver.isReading, "the fast connection is not paused");
  assert(fast.protocol.received.length < 50);
  slow.peer.driver.startReading();
  for (let i = 0; i < 20; i++) {
    slow.host.settle();
    fast.host.settle();
  }
  assertEquals(slow.peer.text, text);
  slow.connection.unregisterProducer();
});
