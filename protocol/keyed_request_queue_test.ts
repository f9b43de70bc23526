/** Requests that are matched to their answers by id. */

import { assertEquals, assertThrows } from "@std/assert";
import { type Deferred, fail } from "../defer/mod.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import { Clock } from "../task/mod.ts";
import { StringTransport } from "../testing/mod.ts";
import { KeyedRequestQueue, type KeyedRequestQueueOptions } from "./keyed_request_queue.ts";
import { UnexpectedAnswer } from "./pending_requests.ts";

/** Collects the answer of a request, or the name of its failure. */
function outcomeOf(answer: Deferred<string>): string[] {
  const outcomes: string[] = [];
  answer.addCallbacks(
    (text) => void outcomes.push(text),
    (error) => void outcomes.push(error.name),
  );
  return outcomes;
}

/** A queue whose requests time out after a second, and the requests that it sent. */
function queue(
  options: Partial<KeyedRequestQueueOptions<number>> = {},
): { queue: KeyedRequestQueue<string, string>; sent: [number, string][]; clock: Clock } {
  const sent: [number, string][] = [];
  const clock = new Clock();
  return {
    queue: new KeyedRequestQueue((id, request) => sent.push([id, request]), {
      clock,
      timeout: 1,
      ...options,
    }),
    sent,
    clock,
  };
}

Deno.test("KeyedRequestQueue matches answers in any order, and numbers requests from 1", () => {
  const fixture = queue();
  const outcomes = ["a", "b"].map((request) => outcomeOf(fixture.queue.request(request)));
  fixture.queue.fail(2, new RangeError("no b"));
  fixture.queue.answer(1, "A");
  assertEquals([fixture.sent, outcomes], [[[1, "a"], [2, "b"]], [["A"], ["RangeError"]]]);
});

Deno.test("KeyedRequestQueue option newId makes ids, and is required unless ids are numbers", () => {
  const names: string[] = [];
  const named = new KeyedRequestQueue<string, string, string>((id) => names.push(id), {
    newId: () => `id-${names.length}`,
  });
  const outcome = outcomeOf(named.request("a"));
  named.answer("id-0", "A");
  assertEquals([names, outcome], [["id-0"], ["A"]]);
  // @ts-expect-error: names that are no numbers need newId
  assertThrows(() => new KeyedRequestQueue<string, string, string>(() => {}).answer("x", "y"));
});

Deno.test("KeyedRequestQueue drops a late answer once, and rejects an answer to an unknown id", () => {
  const fixture = queue();
  const outcomes = ["a", "b"].map((request) => outcomeOf(fixture.queue.request(request)));
  fixture.clock.advance(1);
  assertEquals([fixture.queue.inFlight, fixture.queue.abandoned], [0, 2]);
  fixture.queue.answer(1, "late");
  fixture.queue.fail(2, new RangeError("late"));
  assertEquals([outcomes, fixture.queue.abandoned], [[["RequestTimeout"], ["RequestTimeout"]], 0]);
  assertThrows(
    () => fixture.queue.answer(1, "again"),
    UnexpectedAnswer,
    "Cannot accept an answer to the request 1",
  );
  const failure = new Error("no");
  assertThrows(
    () => fixture.queue.fail(7, failure),
    UnexpectedAnswer,
    "Cannot accept an answer to the request 7",
  );
});

Deno.test("KeyedRequestQueue does not count abandoned requests towards maxInFlight", () => {
  const fixture = queue({ maxInFlight: 2 });
  const lost = ["a", "b"].map((request) => fixture.queue.request(request));
  const waiting = outcomeOf(fixture.queue.request("c", { timeout: 9 }));
  for (const each of lost) each.addErrback(() => {});
  lost[0]?.cancel();
  assertEquals(fixture.sent.at(-1), [3, "c"]);
  fixture.clock.advance(1);
  fixture.queue.request("d").addErrback(() => {});
  assertEquals(fixture.sent.at(-1), [4, "d"]);
  assertEquals([fixture.queue.inFlight, fixture.queue.waiting, fixture.queue.abandoned], [2, 0, 2]);
  fixture.queue.answer(3, "C");
  fixture.queue.answer(1, "late");
  assertEquals([waiting, fixture.queue.abandoned], [["C"], 1]);
});

Deno.test("KeyedRequestQueue.request({ signal, timeout }) abandons the request", () => {
  const clock = new Clock();
  const sent: number[] = [];
  const calls = new KeyedRequestQueue<string, string>((id) => sent.push(id), { clock });
  const leaving = new AbortController();
  const errors: string[] = [];
  for (const options of [leaving, { timeout: 2 }]) {
    calls.request("a", options).addErrback((error) => void errors.push(error.name));
  }
  leaving.abort();
  clock.advance(2);
  assertEquals(errors, ["RequestCancelled", "RequestTimeout"]);
  assertEquals([sent, calls.inFlight, calls.abandoned], [[1, 2], 0, 2]);
});

Deno.test("KeyedRequestQueue rejects late answers beyond maxAbandoned as unknown", () => {
  const fixture = queue({ maxAbandoned: 2 });
  for (const request of ["a", "b", "c"]) fixture.queue.request(request).addErrback(() => {});
  fixture.clock.advance(1);
  assertEquals(fixture.queue.abandoned, 2);
  assertThrows(() => fixture.queue.answer(1, "late"), UnexpectedAnswer);
  for (const id of [2, 3]) fixture.queue.answer(id, "late");
  assertEquals(fixture.queue.abandoned, 0);
  const none = queue({ maxAbandoned: 0 });
  none.queue.request("a").addErrback(() => {});
  none.clock.advance(1);
  assertEquals(none.queue.abandoned, 0);
  assertThrows(() => queue({ maxAbandoned: -1 }), RangeError, "maxAbandoned");
});

Deno.test("KeyedRequestQueue skips an id that is in use, also by an abandoned request", () => {
  let last = 0;
  const fixture = queue({ newId: () => last = last % 3 + 1 });
  const outcomes = ["a", "b"].map((request) => outcomeOf(fixture.queue.request(request)));
  fixture.clock.advance(1); // 1 and 2 are given up
  fixture.queue.request("x");
  fixture.queue.answer(3, "X");
  for (const request of ["c", "d"]) outcomes.push(outcomeOf(fixture.queue.request(request)));
  assertEquals(fixture.sent.slice(2), [[3, "x"], [3, "c"]]);
  assertEquals(outcomes, [["RequestTimeout"], ["RequestTimeout"], [], ["RequestSendFailed"]]);
  fixture.queue.answer(2, "late");
  outcomes.push(outcomeOf(fixture.queue.request("e")));
  assertEquals(fixture.sent.at(-1), [2, "e"]);
  fixture.queue.answer(2, "E");
  assertEquals(outcomes.at(-1), ["E"]);
});

Deno.test("KeyedRequestQueue fails a request if newId() returns only ids in use", () => {
  const fixture = queue({ newId: () => 1 });
  const first = outcomeOf(fixture.queue.request("a"));
  const errors: Error[] = [];
  fixture.queue.request("b").addErrback((error) => void errors.push(error));
  assertEquals(
    errors.map(({ cause }) => `${cause}`),
    ["RangeError: Cannot send a request with the id 1: a request with this id is already in flight"],
  );
  fixture.queue.answer(1, "A");
  assertEquals(first, ["A"]);
});

Deno.test("KeyedRequestQueue fails a request whose send() threw, and frees its id", () => {
  const requests = new KeyedRequestQueue<string, string>((_id, request) => {
    if (request === "bad") throw new RangeError(request);
  }, { newId: () => 1 });
  assertEquals([outcomeOf(requests.request("bad")), requests.inFlight], [["RequestSendFailed"], 0]);
  const next = outcomeOf(requests.request("good"));
  requests.answer(1, "GOOD");
  assertEquals(next, ["GOOD"]);
});

Deno.test("KeyedRequestQueue does not handle the failure of a Deferred that send() returns", () => {
  const returned = fail(new RangeError("logged if it is not handled"));
  const requests = new KeyedRequestQueue<string, string>(() => returned);
  const outcome = outcomeOf(requests.request("a"));
  returned.addErrback(() => {});
  requests.answer(1, "A");
  assertEquals(outcome, ["A"]);
});

Deno.test("KeyedRequestQueue option maxTimeouts starts to count again after a late answer", () => {
  const transport = new StringTransport();
  const fixture = queue({ maxTimeouts: 2, protocol: { transport } });
  for (let id = 1; id <= 4; id++) {
    outcomeOf(fixture.queue.request("a"));
    fixture.clock.advance(1);
    if (id < 3) fixture.queue.answer(id, "late");
    assertEquals(transport.abortReason === null, id < 4);
  }
});

Deno.test("KeyedRequestQueue option maxTimeouts counts no request behind one that is in flight", () => {
  const transport = new StringTransport();
  const fixture = queue({ maxTimeouts: 2, maxInFlight: 1, protocol: { transport } });
  outcomeOf(fixture.queue.request("timed out"));
  fixture.clock.advance(1);
  outcomeOf(fixture.queue.request("patient", { timeout: Infinity }));
  outcomeOf(fixture.queue.request("not sent"));
  fixture.clock.advance(1);
  assertEquals(fixture.sent, [[1, "timed out"], [2, "patient"]]);
  assertEquals(transport.abortReason, null);
});

Deno.test("KeyedRequestQueue.connectionLost() fails all requests, and forgets all ids", () => {
  const fixture = queue();
  fixture.queue.request("given up").addErrback(() => {});
  fixture.clock.advance(1);
  const outcome = outcomeOf(fixture.queue.request("a"));
  fixture.queue.connectionLost(new ConnectionDone());
  assertEquals(outcome, ["RequestLost"]);
  assertEquals([fixture.queue.inFlight, fixture.queue.abandoned], [0, 0]);
  assertThrows(() => fixture.queue.answer(1, "late"), UnexpectedAnswer);
});

Deno.test("KeyedRequestQueue counts the size of a request once, however it ends", () => {
  const sent: string[] = [];
  const clock = new Clock();
  let fails = false;
  const queue = new KeyedRequestQueue<string, string>((_id, request) => {
    if (fails) throw new Error("not sent");
    sent.push(request);
  }, { clock, maxInFlightBytes: 10 });
  queue.request("a", { timeout: 1 }, 10).addErrback(() => {});
  clock.advance(1);
  fails = true;
  queue.request("b", {}, 10).addErrback(() => {});
  fails = false;
  queue.answer(1, "late");
  queue.request("c", {}, 6);
  queue.request("d", {}, 6);
  assertEquals([sent, queue.inFlight, queue.waiting], [["a", "c"], 1, 1]);
});
