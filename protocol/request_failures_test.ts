/** The failures of requests: their classes, their causes, and whether the request had been sent. */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CancelledError, type Deferred, isTimeout, TimeoutError } from "../defer/mod.ts";
import { ConnectionClosed, ConnectionDone } from "../reactor/errors.ts";
import { Clock } from "../task/mod.ts";
import { StringTransport } from "../testing/mod.ts";
import { HeartbeatTimeout } from "./heartbeat.ts";
import { KeyedRequestQueue } from "./keyed_request_queue.ts";
import type { PendingRequests, RequestOptions } from "./pending_requests.ts";
import {
  isRequestFailure,
  RequestCancelled,
  type RequestFailure,
  RequestLost,
  RequestQueueFull,
  RequestSendFailed,
  RequestTimeout,
} from "./request_failures.ts";
import { RequestQueue } from "./request_queue.ts";

type Queue = PendingRequests<string, string>;

const clock = new Clock();
/** One request is sent, and one more waits. */
const limits = { clock, maxInFlight: 1, maxWaiting: 1 };

/** Fails to send, in two ways. */
function send(request: string): unknown {
  if (request === "throws") throw new RangeError(request);
  return request === "rejects" ? Promise.reject(new RangeError(request)) : undefined;
}

/** Both kinds of queues. */
const makers: [name: string, make: () => Queue][] = [
  ["RequestQueue", () => new RequestQueue(send, limits)],
  ["KeyedRequestQueue", () => new KeyedRequestQueue((_id, request) => send(request), limits)],
];

/** Returns the failure of a request, and checks its class, name and `sent`. */
function failureOf<T extends RequestFailure>(
  request: Deferred<string>,
  Failure: new (...args: never[]) => T,
  sent: boolean,
): T {
  const errors: Error[] = [];
  request.addErrback((error) => void errors.push(error));
  const [error] = errors;
  assert(error instanceof Failure, String(error));
  assert(isRequestFailure(error));
  assertEquals([error.name, error.sent], [Failure.name, sent]);
  return error;
}

for (const [name, make] of makers) {
  /** Makes two requests, and returns one of them: the first is sent, and the second waits. */
  const ask = (sent: boolean, options?: RequestOptions): [Deferred<string>, Queue] => {
    const queue = make();
    const first = queue.request("a", sent ? options : {});
    const second = queue.request("b", sent ? {} : options);
    (sent ? second : first).addErrback(() => {});
    return [sent ? first : second, queue];
  };

  for (const sent of [true, false]) {
    const which = sent ? "that was sent" : "that waits";

    Deno.test(`${name}: a request ${which} times out with sent: ${sent}`, () => {
      const [request] = ask(sent, { timeout: 5 });
      clock.advance(5);
      const error = failureOf(request, RequestTimeout, sent);
      assertInstanceOf(error, TimeoutError);
      assert(isTimeout(error));
      const what = sent ? "the request" : "earlier requests";
      assertEquals(error.message, `The peer did not answer ${what} within 5 s`);
    });

    Deno.test(`${name}: a request ${which} is cancelled with sent: ${sent}`, () => {
      const [request] = ask(sent);
      const reason = new Error("the user has left");
      request.cancel(reason);
      const error = failureOf(request, RequestCancelled, sent);
      assertInstanceOf(error, CancelledError);
      assertStrictEquals(error.cause, reason);
    });

    Deno.test(`${name}: a request ${which} is aborted by its signal with sent: ${sent}`, () => {
      const leaving = new AbortController();
      const [request] = ask(sent, leaving);
      leaving.abort(new Error("the user has left"));
      const error = failureOf(request, RequestCancelled, sent);
      assertEquals(error.message, "Cancelled by an AbortSignal: the user has left");
      assertStrictEquals(error.cause, leaving.signal.reason);
    });

    Deno.test(`${name}: a request ${which} is aborted by a late addSignal() with sent: ${sent}`, () => {
      for (
        const [reason, Failure] of [
          [new Error("the user has left"), RequestCancelled],
          [new DOMException("Signal timed out.", "TimeoutError"), RequestTimeout],
        ] as const
      ) {
        const leaving = new AbortController();
        const request = ask(sent)[0].addSignal(leaving.signal);
        leaving.abort(reason);
        const error = failureOf<RequestCancelled | RequestTimeout>(request, Failure, sent);
        assertStrictEquals(error.cause, reason);
      }
    });

    Deno.test(`${name}: a request ${which} is lost with its connection with sent: ${sent}`, () => {
      const [request, queue] = ask(sent);
      const reason = new ConnectionDone();
      queue.connectionLost(reason);
      const error = failureOf(request, RequestLost, sent);
      assertInstanceOf(error, ConnectionClosed);
      assertStrictEquals(error.cause, reason);
      assertEquals(
        error.message,
        `The connection was lost before the request was ${sent ? "answered" : "sent"}: ` +
          "Connection was closed cleanly",
      );
    });
  }

  Deno.test(`${name}: a request after the loss fails with sent: false`, () => {
    const queue = make();
    const reason = new RangeError("not a reason of a transport");
    queue.connectionLost(reason);
    assertStrictEquals(failureOf(queue.request("a"), RequestLost, false).cause, reason);
  });

  Deno.test(`${name}: a request with an aborted signal fails with sent: false`, () => {
    const signal = AbortSignal.abort(new Error("the user has left"));
    failureOf(make().request("a", { signal }), RequestCancelled, false);
  });

  Deno.test(`${name}: a request that exceeds maxWaiting fails with sent: false`, () => {
    const [, queue] = ask(true);
    failureOf(queue.request("c"), RequestQueueFull, false);
  });

  Deno.test(`${name}: a request whose send() fails has sent: false`, async () => {
    const queue = make();
    const thrown = failureOf(queue.request("throws"), RequestSendFailed, false);
    assertInstanceOf(thrown.cause, RangeError);
    assertEquals(thrown.message, "Cannot send the request: throws");
    const rejected = queue.request("rejects");
    await rejected.then(null, () => {});
    assertInstanceOf(failureOf(rejected, RequestSendFailed, false).cause, RangeError);
  });
}

Deno.test("RequestQueue.fail() passes the error of the peer on as it is, whatever its class", () => {
  for (const failure of [new Error("-ERR"), new TimeoutError("-TIMEOUT"), new CancelledError()]) {
    const queue = new RequestQueue<string, string>(() => {}, { clock, timeout: 5 });
    const errors: Error[] = [];
    queue.request("a").addErrback((error) => void errors.push(error));
    queue.fail(failure);
    assertStrictEquals(errors[0], failure);
    assertEquals(isRequestFailure(failure), false);
  }
});

Deno.test("RequestLost has the code and the address of the reason", () => {
  const error = new RequestLost(new HeartbeatTimeout(90, 2, "10.0.0.1:6379"), true);
  assertEquals([error.code, error.address], ["ETIMEDOUT", "10.0.0.1:6379"]);
  assert(isTimeout(error));
  assertEquals(new RequestLost(new RangeError("bad"), true).code, undefined);
});

Deno.test("RequestQueue option maxTimeouts counts timeouts of signals too", () => {
  const transport = new StringTransport();
  const queue = new RequestQueue<string, string>(() => {}, {
    maxTimeouts: 2,
    protocol: { transport },
  });
  for (const reason of [new Error("left"), new TimeoutError("late"), new TimeoutError("late")]) {
    assertEquals(transport.abortReason, null);
    const controller = new AbortController();
    queue.request("a", controller).addErrback(() => {});
    controller.abort(reason);
  }
  assertInstanceOf(transport.abortReason?.cause, RequestTimeout);
});

Deno.test("isRequestFailure() returns false for other values", () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const others = [new TimeoutError(), new CancelledError(), { sent: true }, null, revoked.proxy];
  assertEquals(others.map(isRequestFailure), others.map(() => false));
});
