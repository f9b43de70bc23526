/** Both request queues against a model, with random sequences of events. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Deferred } from "../defer/mod.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { IDelayedCall } from "../reactor/interfaces/mod.ts";
import { Clock } from "../task/mod.ts";
import { KeyedRequestQueue } from "./keyed_request_queue.ts";
import type { PendingRequests, RequestQueueOptions } from "./pending_requests.ts";
import { isRequestFailure } from "./request_failures.ts";
import { RequestQueue } from "./request_queue.ts";

/** A request: a number, its size in bytes, and what `send` does with it. */
interface Question {
  n: number;
  size: number;
  sending: "sends" | "throws" | "answers at once" | "loses the connection";
}

/** A queue and its peer, which records the requests that it has not answered. */
interface Subject {
  requests: PendingRequests<Question, number>;
  /** Answers the request at that position, or another one. Returns whether there was any. */
  answer: (place: number, failure?: Error) => boolean;
  /** The requests that the peer has not answered. */
  unanswered: readonly Question[];
  /** Whether an abandoned request stays in flight until it is answered. */
  keepsAbandoned: boolean;
}

/** Called with each request that is sent. */
type Sent = (question: Question) => void;

function inOrder(options: RequestQueueOptions, sent: Sent): Subject {
  const unanswered: Question[] = [];
  const answer: Subject["answer"] = (_place, failure) => {
    const asked = unanswered.shift();
    if (asked === undefined) return false;
    if (failure === undefined) requests.answer(asked.n);
    else requests.fail(failure);
    return true;
  };
  const requests: RequestQueue<Question, number> = new RequestQueue((question) => {
    sent(question);
    if (question.sending === "throws") throw new TypeError(`${question.n}`);
    unanswered.push(question);
    // Answers arrive in order, so the earlier requests are answered first.
    if (question.sending === "answers at once") { while (answer(0)); }
    if (question.sending === "loses the connection") requests.connectionLost(new ConnectionDone());
  }, options);
  return {
    requests,
    answer: (...args) => requests.inFlight > 0 && answer(...args),
    unanswered,
    keepsAbandoned: true,
  };
}

function byName(options: RequestQueueOptions, sent: Sent): Subject {
  const unanswered: (Question & { id: number })[] = [];
  const answer: Subject["answer"] = (place, failure) => {
    const [asked] = unanswered.splice(place % Math.max(1, unanswered.length), 1);
    if (asked === undefined) return false;
    if (failure === undefined) requests.answer(asked.id, asked.n);
    else requests.fail(asked.id, failure);
    return true;
  };
  const requests: KeyedRequestQueue<Question, number> = new KeyedRequestQueue((id, question) => {
    sent(question);
    if (question.sending === "throws") throw new TypeError(`${question.n}`);
    unanswered.push({ id, ...question });
    if (question.sending === "answers at once") answer(unanswered.length - 1);
    if (question.sending === "loses the connection") requests.connectionLost(new ConnectionDone());
  }, options);
  return {
    requests,
    answer: (...args) => requests.inFlight + requests.abandoned > 0 && answer(...args),
    unanswered,
    keepsAbandoned: false,
  };
}

/** One event. */
interface Move {
  kind: "request" | "answer" | "fail" | "cancel" | "wait" | "lose";
  sending: Question["sending"];
  which: number;
}

const weighted = <T>(...choices: [weight: number, value: T][]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const move: fc.Arbitrary<Move> = fc.record({
  kind: weighted<Move["kind"]>(
    [8, "request"],
    [6, "answer"],
    [3, "fail"],
    [4, "cancel"],
    [3, "wait"],
    [1, "lose"],
  ),
  sending: weighted<Question["sending"]>(
    [16, "sends"],
    [3, "throws"],
    [3, "answers at once"],
    [1, "loses the connection"],
  ),
  which: fc.nat({ max: 30 }),
});

/** The outcome of one request. */
interface Outcome {
  size: number;
  answer: Deferred<number>;
  /** Its answers and failures: exactly one is expected. */
  ends: (number | string)[];
  /** Whether it was settled before it was sent. */
  endedUnsent: boolean;
  /** What its failure says; `null` if the peer has answered. */
  sent: boolean | null;
}

function play(make: (options: RequestQueueOptions, sent: Sent) => Subject, moves: Move[]): void {
  const clock = new Clock();
  const maxInFlight = 1 + (moves[0]?.which ?? 0) % 4;
  const sent: number[] = [];
  const maxInFlightBytes = 6;
  const options = { clock, timeout: 3, maxInFlight, maxWaiting: 4, maxInFlightBytes };
  const subject = make(options, ({ n }) => sent.push(n));
  const { requests, answer } = subject;
  const asked: Outcome[] = [];
  const ask = (sending: Question["sending"], which: number): void => {
    const n = asked.length;
    // Some are larger than the limit.
    const size = which % 9;
    const each: Outcome = {
      size,
      answer: requests.request({ n, size, sending }, {}, size),
      ends: [],
      endedUnsent: false,
      sent: null,
    };
    asked.push(each);
    const ended = (outcome: number | string): void => {
      each.ends.push(outcome);
      each.endedUnsent = !sent.includes(n);
    };
    each.answer.addCallbacks(ended, (error) => {
      if (isRequestFailure(error)) each.sent = error.sent;
      ended(error.name);
    });
  };
  for (const { kind, sending, which } of moves) {
    if (kind === "request") ask(sending, which);
    else if (kind === "answer") answer(which);
    else if (kind === "fail") answer(which, new RangeError());
    else if (kind === "cancel") asked[which]?.answer.cancel();
    else if (kind === "wait") clock.advance(1);
    else requests.connectionLost(new ConnectionDone());
    assert(requests.inFlight <= maxInFlight && requests.waiting <= 4);
    if (requests.inFlight === 0) {
      assertEquals(requests.waiting, 0);
      continue;
    }
    const sizes = subject.unanswered
      .filter(({ n }) => subject.keepsAbandoned || asked[n]?.ends.length === 0)
      .map(({ size }) => size)
      .filter((size) => size > 0);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    assert(bytes <= maxInFlightBytes || sizes.length === 1);
    if (requests.waiting === 0) continue;
    // No request waits while there is room for it.
    const next = asked.find(({ ends }, n) => !sent.includes(n) && ends.length === 0);
    const isTooLarge = bytes > 0 && bytes + (next?.size ?? 0) > maxInFlightBytes;
    assert(requests.inFlight === maxInFlight || isTooLarge);
  }
  requests.connectionLost(new ConnectionDone());
  for (const [n, { ends, endedUnsent, sent: isSent }] of asked.entries()) {
    assertEquals(ends.length, 1);
    if (typeof ends[0] === "number") assertEquals(ends[0], n);
    assertEquals(sent.filter((each) => each === n).length, endedUnsent ? 0 : 1);
    // An error with which the peer answers does not say whether the request was sent. A request
    // whose send() threw was passed to it, and was not sent.
    assertEquals(isSent === null, typeof ends[0] === "number" || ends[0] === "RangeError");
    if (isSent !== null) assertEquals(isSent, !endedUnsent && ends[0] !== "RequestSendFailed");
  }
  // Requests are sent in the order in which they were made.
  assertEquals(sent, sent.toSorted((a, b) => a - b));
  assertEquals(clock.getDelayedCalls(), [] as IDelayedCall[]);
}

for (const make of [inOrder, byName]) {
  Deno.test(`${make.name} settles every request once, in any order of events`, () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => play(make, moves)),
      { seed: 2024, numRuns: 1000 },
    );
  });
}
