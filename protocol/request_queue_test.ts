/** Requests that are matched to their answers by order. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { CancelledError, type Deferred, TimeoutError } from "../defer/mod.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { IDelayedCall } from "../reactor/interfaces/mod.ts";
import { Clock } from "../task/mod.ts";
import { StringTransport } from "../testing/mod.ts";
import { type RequestQueueOptions, UnexpectedAnswer } from "./pending_requests.ts";
import { RequestQueueFull, RequestSendFailed, RequestTimeout } from "./request_failures.ts";
import { RequestQueue } from "./request_queue.ts";

/** Collects the answer of a request, or the name of its failure. */
function outcomeOf(answer: Deferred<string>): string[] {
  const outcomes: string[] = [];
  answer.addCallbacks(
    (text) => void outcomes.push(text),
    (error) => void outcomes.push(error.name),
  );
  return outcomes;
}

/** A queue, and the requests that it sent. */
function queue(
  options: RequestQueueOptions = {},
): { queue: RequestQueue<string, string>; sent: string[]; clock: Clock } {
  const sent: string[] = [];
  const clock = new Clock();
  return {
    queue: new RequestQueue((request) => sent.push(request), { clock, ...options }),
    sent,
    clock,
  };
}

Deno.test("RequestQueue matches answers to requests in order", () => {
  const fixture = queue();
  const outcomes = ["a", "b", "c"].map((request) => outcomeOf(fixture.queue.request(request)));
  assertEquals(fixture.sent, ["a", "b", "c"]);
  assertEquals([fixture.queue.inFlight, fixture.queue.waiting], [3, 0]);
  fixture.queue.answer("A");
  fixture.queue.fail(new RangeError("no b"));
  fixture.queue.answer("C");
  assertEquals(outcomes, [["A"], ["RangeError"], ["C"]]);
  assertEquals(fixture.queue.inFlight, 0);
});

Deno.test("RequestQueue.oldest is the request in flight that is answered next", () => {
  const fixture = queue({ maxInFlight: 2 });
  const oldest = [fixture.queue.oldest];
  const requests = ["a", "b", "c"].map((request) => fixture.queue.request(request));
  oldest.push(fixture.queue.oldest);
  requests[0]?.addErrback(() => {}).cancel(); // its answer still comes
  oldest.push(fixture.queue.oldest);
  for (const answer of ["A", "B", "C"]) {
    fixture.queue.answer(answer);
    oldest.push(fixture.queue.oldest);
  }
  assertEquals(oldest, [undefined, "a", "a", "b", "c", undefined]);
});

Deno.test("RequestQueue option maxInFlight makes further requests wait, in order", () => {
  const fixture = queue({ maxInFlight: 2 });
  for (const request of ["a", "b", "c", "d"]) fixture.queue.request(request);
  assertEquals([fixture.sent, fixture.queue.inFlight, fixture.queue.waiting], [["a", "b"], 2, 2]);
  fixture.queue.answer("A");
  assertEquals([fixture.sent, fixture.queue.inFlight, fixture.queue.waiting], [
    ["a", "b", "c"],
    2,
    1,
  ]);
});

Deno.test("RequestQueue queues a request of an answer's callback behind waiting requests", () => {
  const fixture = queue({ maxInFlight: 1 });
  fixture.queue.request("a").addCallback(() => void fixture.queue.request("from a"));
  fixture.queue.request("b");
  fixture.queue.answer("A");
  fixture.queue.answer("B");
  assertEquals(fixture.sent, ["a", "b", "from a"]);
});

Deno.test("RequestQueue option maxWaiting fails further requests with RequestQueueFull", () => {
  const fixture = queue({ maxInFlight: 1, maxWaiting: 1 });
  fixture.queue.request("a");
  fixture.queue.request("b");
  const errors: Error[] = [];
  fixture.queue.request("c").addErrback((error) => void errors.push(error));
  assertInstanceOf(errors[0], RequestQueueFull);
  assertEquals(
    errors[0].message,
    "Cannot queue a request: the limit of 1 waiting requests (maxWaiting) is reached, and 1 are in flight",
  );
  fixture.queue.answer("A");
  assertEquals(fixture.sent, ["a", "b"]);
});

Deno.test("RequestQueue drops the late answer to a request that timed out", () => {
  const fixture = queue({ timeout: 5 });
  const late = outcomeOf(fixture.queue.request("late"));
  fixture.clock.advance(4);
  const next = outcomeOf(fixture.queue.request("next"));
  fixture.clock.advance(1);
  assertEquals([late, next], [["RequestTimeout"], []]);
  assertEquals(fixture.queue.inFlight, 2);
  fixture.queue.answer("LATE");
  fixture.queue.answer("NEXT");
  assertEquals([late, next], [["RequestTimeout"], ["NEXT"]]);
  assertEquals(fixture.clock.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("RequestQueue timeout includes the time in the queue", () => {
  const fixture = queue({ maxInFlight: 1, timeout: Infinity });
  fixture.queue.request("slow");
  const errors: Error[] = [];
  fixture.queue.request("hurried", { timeout: 2 }).addErrback((error) => void errors.push(error));
  fixture.clock.advance(2);
  assertInstanceOf(errors[0], TimeoutError);
  assertEquals(errors[0].message, "The peer did not answer earlier requests within 2 s");
  fixture.queue.request("after");
  fixture.queue.answer("SLOW");
  assertEquals(fixture.sent, ["slow", "after"]);
});

Deno.test("RequestQueue.request() that is cancelled is not sent, or drops its answer", () => {
  const fixture = queue({ maxInFlight: 1 });
  const sent = fixture.queue.request("sent");
  const waiting = fixture.queue.request("waiting");
  const last = outcomeOf(fixture.queue.request("last"));
  const failures: Error[] = [];
  for (const request of [sent, waiting]) {
    request.addErrback((error) => void failures.push(error));
    request.cancel();
  }
  assert(failures.every((error) => error instanceof CancelledError));
  fixture.queue.answer("SENT");
  fixture.queue.answer("LAST");
  assertEquals([fixture.sent, last], [["sent", "last"], ["LAST"]]);
});

Deno.test("RequestQueue.request({ signal }) fails with an error that contains the abort reason", () => {
  const fixture = queue({ maxInFlight: 1, timeout: 9 });
  const leaving = new AbortController();
  const { signal } = leaving;
  const errors: Error[] = [];
  const request = (text: string) =>
    fixture.queue.request(text, { signal }).addErrback((error) => void errors.push(error));
  request("sent");
  request("waiting");
  leaving.abort(new Error("the user has left"));
  request("late");
  assertEquals(
    errors.map((error) => error.message),
    Array(3).fill("Cancelled by an AbortSignal: the user has left"),
  );
  assert(errors.every((error) => error instanceof CancelledError));
  fixture.queue.answer("SENT");
  assertEquals([fixture.sent, fixture.queue.inFlight, fixture.queue.waiting], [["sent"], 0, 0]);
  assertEquals(fixture.clock.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("RequestQueue.request({ signal }) of a timeout signal fails with TimeoutError", () => {
  const fixture = queue();
  const timeout = new AbortController();
  const outcome = outcomeOf(fixture.queue.request("a", timeout));
  timeout.abort(new DOMException("Signal timed out.", "TimeoutError"));
  assertEquals(outcome, ["RequestTimeout"]);
});

Deno.test("RequestQueue.request().addSignal() abandons the request when the signal aborts", () => {
  const fixture = queue();
  const giving = new AbortController();
  const outcome = outcomeOf(fixture.queue.request("a").addSignal(giving.signal));
  giving.abort();
  fixture.queue.answer("A");
  assertEquals(outcome, ["RequestCancelled"]);
});

Deno.test("RequestQueue.connectionLost() fails all pending and later requests", () => {
  const fixture = queue({ maxInFlight: 1, timeout: 9 });
  const reason = new ConnectionDone();
  const outcomes = ["a", "b"].map((request) => outcomeOf(fixture.queue.request(request)));
  fixture.queue.connectionLost(reason);
  outcomes.push(outcomeOf(fixture.queue.request("c")));
  assertEquals(outcomes, [["RequestLost"], ["RequestLost"], ["RequestLost"]]);
  assertEquals([fixture.sent, fixture.queue.inFlight, fixture.queue.waiting], [["a"], 0, 0]);
  assertEquals(fixture.clock.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("RequestQueue fails a request whose send() threw, and sends the next one", () => {
  const sent: string[] = [];
  const requests = new RequestQueue<string, string>((request) => {
    if (request.startsWith("bad")) throw new RangeError(request);
    sent.push(request);
  }, { maxInFlight: 1 });
  requests.request("a");
  const outcomes = ["bad b", "bad c", "d"].map((each) => outcomeOf(requests.request(each)));
  requests.answer("A");
  requests.answer("D");
  assertEquals([sent, outcomes], [["a", "d"], [["RequestSendFailed"], ["RequestSendFailed"], [
    "D",
  ]]]);
  assertEquals(outcomeOf(requests.request("bad at once")), ["RequestSendFailed"]);
});

Deno.test("RequestQueue sends no request whose clock throws", () => {
  const error = new RangeError("no clock yet");
  const clock = {
    callLater: (): never => {
      throw error;
    },
  };
  const { queue: requests, sent } = queue({ clock, timeout: 5, maxInFlight: 1 });
  const failures = [{}, { timeout: Infinity }, {}].map((options) => {
    const failures: Error[] = [];
    requests.request("a", options).addErrback((error) => void failures.push(error));
    return failures;
  });
  for (const [failure] of [failures[0] ?? [], failures[2] ?? []]) {
    assertInstanceOf(failure, RequestSendFailed);
    assertEquals([failure.cause, failure.sent], [error, false]);
  }
  assertEquals([sent, failures[1], requests.inFlight, requests.waiting], [["a"], [], 1, 0]);
});

Deno.test("RequestQueue queues a request made in an errback behind waiting requests", () => {
  const sent: string[] = [];
  const requests = new RequestQueue<string, string>((request) => {
    if (request === "bad") throw new RangeError(request);
    sent.push(request);
  }, { maxInFlight: 1 });
  requests.request("a");
  requests.request("bad").addErrback(() => void requests.request("from bad"));
  requests.request("b");
  requests.answer("A");
  requests.answer("B");
  assertEquals(sent, ["a", "b", "from bad"]);
});

Deno.test("RequestQueue fails a request whose send() rejected, and still matches answers", async () => {
  const requests = new RequestQueue<string, string>(
    (request) => request === "bad" ? Promise.reject(new RangeError(request)) : Promise.resolve(),
    {
      maxInFlight: 2,
    },
  );
  const outcomes = ["bad", "b", "c"].map((each) => outcomeOf(requests.request(each)));
  await Promise.resolve(); // the rejection is heard
  await Promise.resolve();
  assertEquals([outcomes, requests.inFlight, requests.waiting], [
    [["RequestSendFailed"], [], []],
    2,
    0,
  ]);
  requests.answer("B");
  requests.answer("C");
  assertEquals(outcomes, [["RequestSendFailed"], ["B"], ["C"]]);
});

Deno.test("RequestQueue accepts an answer that arrives while send() is running", () => {
  const requests: RequestQueue<string, string> = new RequestQueue((request) => {
    if (request !== "first") requests.answer(request.toUpperCase());
  }, { maxInFlight: 1 });
  const outcomes = ["first", ...Array(10_000).fill("x")].map((each) =>
    outcomeOf(requests.request(each))
  );
  requests.answer("FIRST");
  assertEquals(outcomes, [["FIRST"], ...Array(10_000).fill(["X"])]);
  assertEquals(outcomeOf(requests.request("at once")), ["AT ONCE"]);
});

Deno.test("RequestQueue.connectionLost() within send() also fails that request", () => {
  const requests: RequestQueue<string, string> = new RequestQueue(
    () => requests.connectionLost(new ConnectionDone()),
  );
  assertEquals([outcomeOf(requests.request("a")), requests.inFlight], [["RequestLost"], 0]);
});

Deno.test("RequestQueue counts abandoned requests towards maxInFlight", () => {
  const fixture = queue({ maxInFlight: 2, timeout: 1 });
  const outcomes = ["a", "b", "c"].map((request) => outcomeOf(fixture.queue.request(request)));
  fixture.clock.advance(1);
  assertEquals(outcomes, Array(3).fill(["RequestTimeout"]));
  const last = outcomeOf(fixture.queue.request("d"));
  assertEquals([fixture.sent, fixture.queue.inFlight, fixture.queue.waiting], [["a", "b"], 2, 1]);
  for (const answer of ["A", "B", "D"]) fixture.queue.answer(answer);
  assertEquals([fixture.sent, last], [["a", "b", "d"], ["D"]]);
});

Deno.test("RequestQueue.answer() without a request in flight throws UnexpectedAnswer", () => {
  const fixture = queue();
  assertThrows(() => fixture.queue.answer("A"), UnexpectedAnswer, "no request is in flight");
  const failure = new Error("no");
  assertThrows(() => fixture.queue.fail(failure), UnexpectedAnswer, "the failure Error: no");
});

Deno.test("RequestQueue rejects options that are out of range, and names them", () => {
  const make = (options: RequestQueueOptions) => new RequestQueue(() => {}, options);
  assertThrows(() => make({ maxInFlight: 0 }), RangeError, "maxInFlight");
  assertThrows(() => make({ maxWaiting: -1 }), RangeError, "maxWaiting");
  assertThrows(() => make({ timeout: 5 }), TypeError, "the queue's options contain no clock");
  assertThrows(() => make({ timeout: -5, clock: new Clock() }), RangeError, "timeout");
  assertThrows(
    () => make({}).request("a", { timeout: 1 }),
    TypeError,
    "the queue's options contain no clock",
  );
});

Deno.test("RequestQueue option maxTimeouts aborts the connection after timeouts in a row", () => {
  const transport = new StringTransport();
  const fixture = queue({ timeout: 5, maxTimeouts: 2, protocol: { transport } });
  const ask = (): string[] => outcomeOf(fixture.queue.request("a"));
  ask();
  fixture.clock.advance(5);
  // An answer, also one that comes too late, starts the count again.
  fixture.queue.answer("late");
  ask();
  fixture.clock.advance(5);
  assertEquals(transport.abortReason, null);
  const outcomes = [ask(), ask()];
  fixture.clock.advance(5);
  assertInstanceOf(transport.abortReason?.cause, RequestTimeout);
  assertEquals(outcomes, [["RequestTimeout"], ["RequestTimeout"]]);
});

Deno.test("RequestQueue option maxTimeouts does not count requests that were not sent", () => {
  const transport = new StringTransport();
  const options = { timeout: 5, maxInFlight: 1, maxTimeouts: 2, protocol: { transport } };
  const fixture = queue(options);
  for (const request of ["a", "b", "c"]) outcomeOf(fixture.queue.request(request));
  fixture.clock.advance(5);
  assertEquals(fixture.sent, ["a"]);
  assertEquals(transport.abortReason, null);
});

Deno.test("RequestQueue option maxTimeouts counts requests behind those that timed out", () => {
  const transport = new StringTransport();
  const options = { timeout: 5, maxInFlight: 1, maxTimeouts: 3, protocol: { transport } };
  const fixture = queue(options);
  // The first one is sent and not answered. No other can be sent before it is.
  for (let i = 0; i < 3; i++) {
    assertEquals(transport.abortReason, null);
    outcomeOf(fixture.queue.request(`${i}`));
    fixture.clock.advance(5);
  }
  assertEquals(fixture.sent, ["0"]);
  assertInstanceOf(transport.abortReason?.cause, RequestTimeout);
  // A request without a timeout holds back others. The peer may still be alive.
  const patient = new StringTransport();
  const busy = queue({ ...options, protocol: { transport: patient } });
  outcomeOf(busy.queue.request("patient", { timeout: Infinity }));
  for (let i = 0; i < 9; i++) outcomeOf(busy.queue.request(`${i}`));
  busy.clock.advance(5);
  assertEquals(patient.abortReason, null);
});

Deno.test("RequestQueue option maxTimeouts counts requests behind an abandoned oldest one", () => {
  const transport = new StringTransport();
  const fixture = queue({ timeout: 5, maxInFlight: 2, maxTimeouts: 3, protocol: { transport } });
  outcomeOf(fixture.queue.request("oldest"));
  // Its answer can only follow that to the oldest one, although it has no timeout of its own.
  outcomeOf(fixture.queue.request("patient", { timeout: Infinity }));
  fixture.clock.advance(5);
  for (let i = 0; i < 2; i++) {
    assertEquals(transport.abortReason, null);
    outcomeOf(fixture.queue.request(`${i}`));
    fixture.clock.advance(5);
  }
  assertEquals(fixture.sent, ["oldest", "patient"]);
  assertInstanceOf(transport.abortReason?.cause, RequestTimeout);
});

Deno.test("RequestQueue option maxTimeouts counts small requests behind one without room", () => {
  const transport = new StringTransport();
  const options = { timeout: 5, maxInFlightBytes: 10, maxTimeouts: 2, protocol: { transport } };
  const fixture = queue(options);
  outcomeOf(fixture.queue.request("oldest", {}, 8));
  fixture.clock.advance(5);
  outcomeOf(fixture.queue.request("large", { timeout: Infinity }, 5));
  // There would be room for this one, but the one before it has none.
  outcomeOf(fixture.queue.request("small", {}, 1));
  assertEquals(transport.abortReason, null);
  fixture.clock.advance(5);
  assertEquals(fixture.sent, ["oldest"]);
  assertInstanceOf(transport.abortReason?.cause, RequestTimeout);
});

Deno.test("RequestQueue option maxTimeouts needs a protocol", () => {
  assertThrows(() => queue({ maxTimeouts: 2 }), TypeError, "contain no protocol");
  assertThrows(() => queue({ maxTimeouts: 0 }), RangeError, "maxTimeouts");
});

Deno.test("RequestQueue option maxInFlightBytes holds requests back until there is room", () => {
  const fixture = queue({ maxInFlightBytes: 10 });
  for (const [request, size] of [["a", 6], ["b", 4], ["c", 1], ["d", 50], ["e", 1]] as const) {
    fixture.queue.request(request, {}, size);
  }
  assertEquals(fixture.sent, ["a", "b"]);
  fixture.queue.answer("A");
  assertEquals(fixture.sent, ["a", "b", "c"]);
  fixture.queue.answer("B");
  fixture.queue.answer("C");
  // A request that is larger than the limit is sent when no other is in flight.
  assertEquals(fixture.sent, ["a", "b", "c", "d"]);
  fixture.queue.answer("D");
  assertEquals(fixture.sent, ["a", "b", "c", "d", "e"]);
});

Deno.test("RequestQueue sends the requests behind a large one that is cancelled", () => {
  const fixture = queue({ maxInFlightBytes: 10 });
  fixture.queue.request("a", {}, 6);
  const large = fixture.queue.request("large", {}, 50);
  fixture.queue.request("b", {}, 4);
  assertEquals(outcomeOf(large), []);
  large.cancel();
  assertEquals(fixture.sent, ["a", "b"]);
});

Deno.test("RequestQueue option maxWaitingBytes limits the size of the requests that wait", () => {
  const fixture = queue({ maxInFlight: 1, maxWaitingBytes: 10 });
  fixture.queue.request("a", {}, 100);
  // A request that is larger than the limit may wait if no other does.
  const large = fixture.queue.request("b", {}, 11);
  const errors: Error[] = [];
  fixture.queue.request("c", {}, 1).addErrback((error) => void errors.push(error));
  assertEquals(errors.map(({ message }) => message), [
    "Cannot queue a request of 1 bytes: 11 bytes wait, the limit is 10 (maxWaitingBytes), and " +
    "1 are in flight",
  ]);
  assertInstanceOf(errors[0], RequestQueueFull);
  assertEquals(outcomeOf(large), []);
  large.cancel();
  fixture.queue.request("d", {}, 5);
  fixture.queue.request("e", {}, 5);
  assertEquals([fixture.queue.inFlight, fixture.queue.waiting], [1, 2]);
});

Deno.test("RequestQueue.request() throws for an invalid size, and RequestQueue() for a limit", () => {
  for (const size of [-1, 0.5, NaN]) {
    assertThrows(() => queue().queue.request("a", {}, size), RangeError, "size");
  }
  assertThrows(() => queue({ maxInFlightBytes: 0 }), RangeError, "maxInFlightBytes");
  assertThrows(() => queue({ maxWaitingBytes: -1 }), RangeError, "maxWaitingBytes");
});
