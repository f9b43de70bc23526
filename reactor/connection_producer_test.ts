/**
 * Producers: when they are paused, resumed and stopped, and how they hold `loseConnection` back. Of Twisted's tests:
 *
 * - `test/test_internet.py`, `ProducerTests`: all six.
 * - `internet/test/test_tcp.py`: `WriteSequenceTestsMixin.test_streamingProducer` and `test_nonStreamingProducer`; of `AbortConnectionMixin`
 *   `test_resumeProducingAbort`, `test_resumeProducingAbortLater`, `test_fullWriteBuffer`, `test_fullWriteBufferAfterByteExchange`,
 *   `test_resumeProducingThrows`. Over sockets: `conformance/stream_transfer.ts`.
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
import { type Bed, connect } from "./conformance/connection_bed.ts";
import { LoggedErrors } from "./conformance/logged_errors.ts";
import { LingerTimeout } from "./errors.ts";

/** A producer that records what it is told. */
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

/** A bed whose peer takes nothing more. */
function stuck(options: Parameters<typeof connect>[0] = {}): Bed {
  const bed = connect({ capacity: 1, ...options });
  bed.peer.driver.stopReading();
  bed.connection.write("ab"); // one is read, one stays on its way
  bed.host.settle();
  return bed;
}

Deno.test("A push producer is paused above the high-water mark, once, and resumed when all has gone", () => {
  using bed = stuck({ writeBufferHighWater: 10 });
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.connection.write("0123456789");
  assertEquals(producer.calls, []); // at the mark, not above it
  bed.connection.write("x");
  assertEquals(producer.calls, ["pause"]);
  bed.connection.write("y");
  assertEquals(producer.calls, ["pause"]);
  bed.host.settle();
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(producer.calls, ["pause", "resume"]);
  assertEquals(bed.peer.text, "ab0123456789xy");
  bed.connection.unregisterProducer();
});

Deno.test("writeSequence() pauses a push producer like write() does", () => {
  using bed = connect({ writeBufferHighWater: 500 });
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.connection.writeSequence(Array.from({ length: 20 }, () => "x".repeat(50)));
  assertEquals(producer.calls, ["pause"]);
  bed.host.settle();
  assertEquals(producer.calls, ["pause", "resume"]);
  bed.connection.unregisterProducer();
});

Deno.test("A push producer that was not paused is not resumed", () => {
  using bed = connect();
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.connection.write("little");
  bed.host.settle();
  assertEquals(producer.calls, []);
  bed.connection.unregisterProducer();
});

Deno.test("A push producer that writes on in resumeProducing() is paused again and again: nothing is lost", () => {
  using bed = connect({ writeBufferHighWater: 3, capacity: 2 });
  let next = 0;
  const producer = new Producer(() => {
    if (next < 10) bed.connection.write(`<${next++}>-`);
    else bed.connection.unregisterProducer();
  });
  bed.connection.registerProducer(producer, true);
  bed.connection.write("begin");
  bed.host.settle();
  assertEquals(bed.peer.text, "begin" + Array.from({ length: 10 }, (_, i) => `<${i}>-`).join(""));
  assertEquals(producer.calls.filter((call) => call === "pause").length, 11);
});

for (const synchronous of [false, true]) {
  Deno.test(`A pull producer writes a piece each time all has gone, over ${synchronous ? "a synchronous" : "an asynchronous"} driver`, () => {
    using bed = connect({ synchronous });
    let pieces = 0;
    const producer = new Producer(() => {
      bed.connection.write(`${pieces++} `);
      if (pieces === 4) bed.connection.unregisterProducer();
    });
    bed.connection.registerProducer(producer, false);
    assertEquals(producer.calls, ["resume"]);
    bed.host.settle();
    assertEquals(bed.peer.text, "0 1 2 3 ");
    assertEquals(producer.calls, Array(4).fill("resume"));
    assert(bed.connection.connected);
  });
}

Deno.test("A pull producer is never paused", () => {
  using bed = stuck({ writeBufferHighWater: 10 });
  const producer = new Producer(() => bed.connection.write("x".repeat(100)));
  bed.connection.registerProducer(producer, false);
  bed.host.settle();
  assertEquals(producer.calls, ["resume"]);
  bed.connection.unregisterProducer();
});

Deno.test("Registering a second producer throws, and the first stays", () => {
  using bed = connect();
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  assertThrows(
    () => bed.connection.registerProducer(new Producer(), true),
    Error,
    "Cannot register the producer an object of class Producer: an object of class Producer has not been unregistered",
  );
  bed.connection.unregisterProducer();
  bed.connection.registerProducer(new Producer(), true);
  assertEquals(producer.calls, []);
  bed.connection.unregisterProducer();
});

Deno.test("A producer that is registered when the connection is lost is stopped at once", () => {
  using bed = connect();
  bed.connection.loseConnection();
  bed.host.settle();
  for (const streaming of [true, false]) {
    const producer = new Producer();
    bed.connection.registerProducer(producer, streaming);
    assertEquals(producer.calls, ["stop"]);
  }
});

for (const end of ["loss", "abort", "shutdown"] as const) {
  Deno.test(`A producer is stopped, once, when the connection ends by ${end}`, () => {
    using bed = connect();
    const producer = new Producer();
    bed.connection.registerProducer(producer, true);
    if (end === "loss") bed.peer.driver.abort();
    else if (end === "abort") bed.connection.abortConnection();
    else bed.connection.shutDown();
    bed.host.settle();
    assertEquals(producer.calls, ["stop"]);
    bed.connection.unregisterProducer();
    bed.host.settle();
    assertEquals(bed.events.length, 2);
  });
}

Deno.test("A producer is stopped when the peer closes: nobody reads any more", () => {
  using bed = stuck();
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.peer.driver.closeWrite();
  bed.connection.write("left");
  bed.host.settle();
  assertEquals(producer.calls, ["stop"]);
  const late = new Producer();
  bed.connection.registerProducer(late, false);
  assertEquals(late.calls, ["stop"]);
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "ableft");
  assertEquals(bed.events.at(-1), "lost ConnectionDone");
});

for (const streaming of [true, false]) {
  const kind = streaming ? "push" : "pull";

  Deno.test(`A ${kind} producer holds loseConnection() back until it is unregistered`, () => {
    using bed = connect();
    const producer = new Producer();
    bed.connection.registerProducer(producer, streaming);
    bed.connection.write("one ");
    bed.connection.loseConnection();
    bed.host.settle();
    assert(bed.connection.connected);
    bed.connection.write("two");
    bed.host.settle();
    assert(bed.connection.connected);
    bed.connection.unregisterProducer();
    assertEquals(bed.events, ["made"]); // not within the call
    bed.host.settle();
    assertEquals(bed.peer.text, "one two");
    assertEquals(bed.events, ["made", "lost ConnectionDone"]);
    assert(!producer.calls.includes("stop"));
  });

  Deno.test(`A ${kind} producer holds loseWriteConnection() back until it is unregistered`, () => {
    using bed = connect();
    bed.connection.registerProducer(new Producer(), streaming);
    bed.connection.write("one ");
    bed.connection.loseWriteConnection();
    bed.host.settle();
    bed.connection.write("two");
    bed.host.settle();
    assertEquals(bed.peer.end, "");
    bed.connection.unregisterProducer();
    bed.host.settle();
    assertEquals([bed.peer.text, bed.peer.end], ["one two", "ended"]);
    assert(bed.connection.connected);
  });
}

Deno.test("A producer that never ends holds a closing connection no longer than the linger time", () => {
  using bed = connect({ linger: 20 });
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.connection.loseConnection();
  bed.host.settle();
  bed.host.advance(19);
  bed.connection.write("still here");
  bed.host.settle();
  bed.host.advance(19);
  assert(bed.connection.connected);
  bed.host.advance(1);
  assertEquals(bed.protocol.reason instanceof LingerTimeout, true);
  assertEquals(producer.calls, ["stop"]);
});

Deno.test("loseConnection() in pauseProducing(), with a write under way to a peer that never reads, lingers no longer than any other", () => {
  using bed = stuck({ writeBufferHighWater: 3, linger: 20 });
  bed.connection.write("x");
  bed.host.settle();
  const producer = new Producer();
  producer.pauseProducing = () => bed.connection.loseConnection();
  bed.connection.registerProducer(producer, true);
  bed.connection.write("0123456789");
  bed.host.settle();
  bed.host.advance(20);
  assertInstanceOf(bed.protocol.reason, LingerTimeout);
});

Deno.test("A producer that is registered when the writing side has been closed is stopped at once, and holds nothing back", () => {
  for (const streaming of [true, false]) {
    using bed = connect({ halfCloseable: true });
    bed.connection.loseWriteConnection();
    bed.host.settle();
    const producer = new Producer();
    if (streaming) bed.connection.registerProducer(producer, true);
    else bed.connection.registerProducer(producer, false);
    assertEquals(producer.calls, ["stop"]);
    bed.connection.loseConnection();
    bed.host.settle();
    assertEquals(bed.events, ["made", "write lost", "lost ConnectionDone"]);
  }
});

Deno.test("A producer that is registered after loseWriteConnection(), while there is something to send, sends on", () => {
  using bed = connect({ halfCloseable: true });
  bed.connection.write("head ");
  bed.connection.loseWriteConnection();
  let left = 3;
  const producer = new Producer(() => {
    bed.connection.write(`${left--} `);
    if (left === 0) bed.connection.unregisterProducer();
  });
  bed.connection.registerProducer(producer, false);
  bed.host.settle();
  assertEquals([bed.peer.text, bed.peer.end], ["head 3 2 1 ", "ended"]);
  assertEquals(bed.events, ["made", "write lost"]);
});

Deno.test("Unregistering in resumeProducing() of a closing connection closes it", () => {
  using bed = connect({ writeBufferHighWater: 3 });
  const producer = new Producer(() => {
    bed.connection.write("end");
    bed.connection.unregisterProducer();
  });
  bed.connection.registerProducer(producer, true);
  bed.connection.write("begin ");
  bed.connection.loseConnection();
  bed.host.settle();
  assertEquals(producer.calls, ["pause", "resume"]);
  assertEquals(bed.peer.text, "begin end");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Unregistering after loseConnection() and a loss by the peer changes nothing", () => {
  using bed = connect();
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.connection.loseConnection();
  bed.host.settle();
  bed.peer.driver.abort();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
  bed.connection.unregisterProducer();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
});

Deno.test("unregisterProducer() without a producer does nothing", () => {
  using bed = connect();
  bed.connection.unregisterProducer();
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
});

Deno.test("abortConnection() in resumeProducing() at registration: connectionLost() comes later", () => {
  using bed = connect();
  const producer = new Producer(() => bed.connection.abortConnection());
  bed.connection.registerProducer(producer, false);
  assertEquals(bed.events, ["made"]);
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
  assertEquals(producer.calls, ["resume", "stop"]);
});

for (const stuckFirst of [false, true]) {
  Deno.test(`abortConnection() in pauseProducing()${stuckFirst ? ", with a write under way," : ""} aborts, and stops the producer`, () => {
    using bed = stuckFirst
      ? stuck({ writeBufferHighWater: 3 })
      : connect({ writeBufferHighWater: 3 });
    if (stuckFirst) {
      bed.connection.write("x");
      bed.host.settle();
    }
    const producer = new Producer();
    producer.pauseProducing = () => {
      producer.calls.push("pause");
      bed.connection.abortConnection();
    };
    bed.connection.registerProducer(producer, true);
    bed.connection.write("0123456789");
    assertEquals(bed.events, ["made"]);
    bed.host.settle();
    assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
    assertEquals(producer.calls, ["pause", "stop"]);
  });
}

for (const synchronous of [false, true]) {
  Deno.test(`abortConnection() in resumeProducing() while closing aborts, over ${synchronous ? "a synchronous" : "an asynchronous"} driver`, () => {
    using bed = connect({ synchronous, writeBufferHighWater: 3 });
    const producer = new Producer(() => {
      bed.connection.unregisterProducer();
      bed.connection.abortConnection();
    });
    bed.connection.registerProducer(producer, true);
    bed.connection.write("0123456789");
    bed.connection.loseConnection();
    bed.host.settle();
    assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
    assertEquals(bed.driver.calls, ["write(10)", "abort()"]);
  });
}

Deno.test("What resumeProducing() writes before it aborts does not go out", () => {
  using bed = connect({ synchronous: true, writeBufferHighWater: 3 });
  const producer = new Producer(() => {
    bed.connection.write("more");
    bed.connection.abortConnection();
  });
  bed.connection.registerProducer(producer, true);
  bed.connection.write("0123456789");
  bed.host.settle();
  assertEquals(bed.driver.calls, ["write(10)", "abort()"]);
});

Deno.test("A write that ends when the connection has been aborted resumes no producer", () => {
  using bed = connect({ writeBufferHighWater: 3 });
  const producer = new Producer();
  bed.connection.registerProducer(producer, true);
  bed.connection.write("0123456789");
  bed.host.endTurn();
  bed.connection.abortConnection();
  for (const step of bed.host.steps.splice(0)) step();
  assertEquals(producer.calls, ["pause"]);
  bed.host.settle();
  assertEquals(producer.calls, ["pause", "stop"]);
});

for (const method of ["pauseProducing", "resumeProducing", "stopProducing"] as const) {
  Deno.test(`${method}() that throws is logged and loses the connection with its error`, () => {
    using errors = new LoggedErrors();
    using bed = connect({ writeBufferHighWater: 3 });
    const producer = new Producer();
    const error = new RangeError("boom");
    producer[method] = () => {
      throw error;
    };
    bed.connection.registerProducer(producer, true);
    if (method === "stopProducing") bed.peer.driver.close();
    else bed.connection.write("0123456789");
    bed.host.settle();
    assertEquals(errors.take(), [error]);
    if (method === "stopProducing") assertEquals(bed.events.length, 2);
    else assertStrictEquals(bed.protocol.reason, error);
  });
}

Deno.test("Two connections as each other's producers: a proxy whose slow end slows the fast one", () => {
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
