/** ClientService.request(): one deadline for connecting and for the answer. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Deferred, isTimeout, TimeoutError, TooManyWaiters } from "../../defer/mod.ts";
import {
  Factory,
  isRequestFailure,
  LineReceiver,
  RequestCancelled,
  RequestLost,
  type RequestOptions,
  RequestQueue,
  RequestSendFailed,
  RequestTimeout,
} from "../../protocol/mod.ts";
import { ConnectionRefusedError } from "../../reactor/errors.ts";
import { Clock } from "../../task/mod.ts";
import {
  assertNoResult,
  failureResultOf,
  LoggedErrors,
  ManualEndpoint,
  successResultOf,
} from "../../testing/mod.ts";
import { ClientService, type ClientServiceOptions } from "./mod.ts";

/** A client that sends one request at a time. */
class Client extends LineReceiver {
  readonly sent: string[] = [];
  readonly requests: RequestQueue<string, string> = new RequestQueue(
    (request) => void this.sent.push(request),
    { maxInFlight: 1 },
  );

  ask(question: string, options: RequestOptions = {}): Deferred<string> {
    return this.requests.request(question, options);
  }

  override connectionLost(reason: Error): void {
    this.requests.connectionLost(reason);
  }
}

/** A running service on a fake endpoint. Disposing checks that nothing is left. */
class Fixture implements Disposable {
  readonly clock = new Clock();
  readonly endpoint = new ManualEndpoint();
  readonly service: ClientService<Client>;
  readonly #errors = new LoggedErrors();
  readonly #clients: Client[] = [];

  constructor(options: Partial<ClientServiceOptions<Client>> = {}) {
    const factory = Factory.forProtocol(() => {
      const client = new Client();
      this.#clients.push(client);
      return client;
    });
    this.service = new ClientService(this.endpoint, factory, {
      clock: this.clock,
      retryPolicy: () => 1,
      ...options,
    });
    this.service.startService();
  }

  /** Completes the last attempt. Returns the protocol. */
  connect(): Client {
    this.endpoint.attempt().succeed();
    const client = this.#clients.at(-1);
    assert(client !== undefined);
    return client;
  }

  [Symbol.dispose](): void {
    this.service.stopService().addErrback(() => {});
    for (const attempt of this.endpoint.attempts) attempt.lose();
    this.#errors[Symbol.dispose]();
    assertEquals(this.clock.getDelayedCalls(), []);
  }
}

const hello = (client: Client): Deferred<string> => client.ask("hello");

Deno.test("ClientService.request() uses the current connection", () => {
  using fixture = new Fixture();
  const client = fixture.connect();
  const answer = fixture.service.request(hello, { timeout: 5 });
  assertEquals(client.sent, ["hello"]);
  client.requests.answer("HELLO");
  assertEquals(successResultOf(answer), "HELLO");
});

Deno.test("ClientService.request() waits for the next connection", () => {
  using fixture = new Fixture();
  const answer = fixture.service.request(hello, { timeout: 5 });
  fixture.clock.advance(4);
  const client = fixture.connect();
  assertNoResult(answer);
  client.requests.answer("HELLO");
  assertEquals(successResultOf(answer), "HELLO");
});

Deno.test("ClientService.request() accepts a function that returns a value or a promise", async () => {
  using fixture = new Fixture();
  fixture.connect();
  assertEquals(successResultOf(fixture.service.request(() => 7)), 7);
  assertEquals(await fixture.service.request(() => Promise.resolve(8), { timeout: 5 }), 8);
});

Deno.test("ClientService.request() without a connection times out with sent: false", () => {
  using fixture = new Fixture();
  const answer = fixture.service.request(hello, { timeout: 5 });
  fixture.clock.advance(5);
  const error = failureResultOf(answer, RequestTimeout);
  assertEquals(error.message, "ClientService did not connect within 5 s");
  assertEquals([error.sent, isTimeout(error)], [false, true]);
  // The service keeps connecting, and makes no request.
  assertEquals(fixture.connect().sent, []);
});

Deno.test("ClientService.request() counts the wait for the connection and for the answer", () => {
  using fixture = new Fixture();
  const answer = fixture.service.request(hello, { timeout: 5 });
  fixture.clock.advance(3);
  const client = fixture.connect();
  fixture.clock.advance(1.9);
  assertNoResult(answer);
  fixture.clock.advance(0.1);
  const error = failureResultOf(answer, RequestTimeout);
  assertEquals(error.message, "ClientService got no answer within 5 s");
  assertEquals(error.sent, true);
  // The request keeps its place, so that the next one gets its own answer.
  const next = fixture.service.request(hello);
  client.requests.answer("late");
  client.requests.answer("HELLO");
  assertEquals(successResultOf(next), "HELLO");
});

Deno.test("ClientService.request() reports sent: false for a request that waits in the queue", () => {
  using fixture = new Fixture();
  const client = fixture.connect();
  client.ask("slow").addErrback(() => {});
  const answer = fixture.service.request(hello, { timeout: 5 });
  fixture.clock.advance(5);
  assertEquals(failureResultOf(answer, RequestTimeout).sent, false);
  assertEquals([client.sent, client.requests.waiting], [["slow"], 0]);
});

Deno.test("ClientService.request() that times out counts towards maxTimeouts of the queue", () => {
  using fixture = new Fixture();
  const client = fixture.connect();
  const requests = new RequestQueue<string, string>(() => {}, { maxTimeouts: 2, protocol: client });
  const ask = () => fixture.service.request(() => requests.request("a"), { timeout: 5 });
  const answers = [ask(), ask()];
  fixture.clock.advance(5);
  for (const answer of answers) failureResultOf(answer, RequestTimeout);
  assertEquals(client.transport.disconnecting, true);
});

for (const isConnected of [false, true]) {
  const when = isConnected ? "a sent request" : "the wait for a connection";

  Deno.test(`ClientService.request().cancel() abandons ${when}`, () => {
    using fixture = new Fixture();
    if (isConnected) fixture.connect();
    const answer = fixture.service.request(hello, { timeout: 5 });
    answer.cancel();
    assertEquals(failureResultOf(answer, RequestCancelled).sent, isConnected);
    if (!isConnected) assertEquals(fixture.connect().sent, []);
  });

  Deno.test(`ClientService.request({ signal }) abandons ${when}`, () => {
    const late = new DOMException("Signal timed out.", "TimeoutError");
    for (const reason of [new Error("the user has left"), late]) {
      using fixture = new Fixture();
      if (isConnected) fixture.connect();
      const leaving = new AbortController();
      const answer = fixture.service.request(hello, { signal: leaving.signal, timeout: 5 });
      leaving.abort(reason);
      const error = failureResultOf(answer, reason === late ? RequestTimeout : RequestCancelled);
      assert(isRequestFailure(error));
      assertEquals([error.sent, error.cause], [isConnected, reason]);
    }
  });

  Deno.test(`ClientService.stopService() fails request() during ${when}`, () => {
    using fixture = new Fixture();
    if (isConnected) fixture.connect();
    const answer = fixture.service.request(hello, { timeout: 5 });
    fixture.service.stopService();
    if (isConnected) fixture.endpoint.attempt().lose();
    const Failure = isConnected ? RequestLost : RequestCancelled;
    const error = failureResultOf(answer, Failure);
    assert(isRequestFailure(error));
    assertEquals(error.sent, isConnected);
  });
}

Deno.test("ClientService.request({ signal }) with an aborted signal makes no request", () => {
  using fixture = new Fixture();
  const client = fixture.connect();
  const signal = AbortSignal.abort(new Error("the user has left"));
  const error = failureResultOf(fixture.service.request(hello, { signal }), RequestCancelled);
  assertEquals([error.sent, client.sent], [false, []]);
});

Deno.test("ClientService.request() fails with sent: false when the attempts fail", () => {
  using fixture = new Fixture();
  const answer = fixture.service.request(hello, { failAfterFailures: 1, timeout: 5 });
  const refused = new ConnectionRefusedError("Connection refused");
  fixture.endpoint.attempt().fail(refused);
  const error = failureResultOf(answer, RequestSendFailed);
  assertEquals([error.sent, error.cause], [false, refused]);
  assertEquals(error.message, "Cannot send the request: Connection refused");
});

Deno.test("ClientService.request() fails with sent: false when the preparation has sent", () => {
  const prepareConnection = (client: Client): Deferred<string> => client.ask("login");
  using fixture = new Fixture({ prepareConnection });
  const failures: Error[] = [];
  for (const prepared of [null, new RequestTimeout("no answer to the login", { sent: true })]) {
    const answer = fixture.service.request(hello, { failAfterFailures: 1 });
    const client = fixture.connect();
    if (prepared === null) fixture.endpoint.attempt().lose();
    else client.requests.fail(prepared);
    const error = failureResultOf(answer, RequestSendFailed);
    assertEquals([error.sent, client.sent], [false, ["login"]]);
    assertInstanceOf(error.cause, Error);
    failures.push(error.cause);
    fixture.endpoint.attempt().lose();
    fixture.clock.advance(1);
  }
  const [lost, timeout] = failures;
  assertInstanceOf(lost, RequestLost);
  assertInstanceOf(timeout, RequestTimeout);
});

Deno.test("ClientService.request() fails with sent: false when too many calls wait", () => {
  using fixture = new Fixture({ maxWaiting: 0 });
  const error = failureResultOf(fixture.service.request(hello), RequestSendFailed);
  assertInstanceOf(error.cause, TooManyWaiters);
});

Deno.test("ClientService.request() fails with the loss of the connection, and tries no other", () => {
  using fixture = new Fixture();
  fixture.connect();
  const answers = [fixture.service.request(hello), fixture.service.request(hello)];
  fixture.endpoint.attempt().lose();
  const failures = answers.map((answer) => failureResultOf(answer, RequestLost).sent);
  assertEquals(failures, [true, false]);
  fixture.clock.advance(1);
  assertEquals(fixture.connect().sent, []);
});

Deno.test("ClientService.request() passes other errors of the function on as they are", async () => {
  using fixture = new Fixture();
  fixture.connect();
  const error = new TimeoutError("-TIMEOUT, says the server");
  const throwing = fixture.service.request(() => {
    throw error;
  });
  assertEquals(failureResultOf(throwing), error);
  const rejecting = fixture.service.request(() => Promise.reject(error), { timeout: 5 });
  assertEquals(await rejecting.then(null, (reason) => reason), error);
});

Deno.test("ClientService.request() aborts the signal of an async function, with sent: true", async () => {
  using fixture = new Fixture();
  const client = fixture.connect();
  client.ask("slow").addErrback(() => {});
  const failures: unknown[] = [];
  const answer = fixture.service.request(async (client, options) => {
    try {
      return await client.ask("hello", options);
    } catch (error) {
      failures.push(error);
      throw error;
    }
  }, { timeout: 5 });
  fixture.clock.advance(5);
  // The function has not reported whether it sent anything, so it may have.
  assertEquals(failureResultOf(answer, RequestTimeout).sent, true);
  await new Promise<void>((resolve) => setImmediate(resolve));
  const [failure] = failures;
  assertInstanceOf(failure, RequestTimeout);
  assertEquals(
    failure.message,
    "Cancelled by an AbortSignal: ClientService got no answer within 5 s",
  );
  assertEquals([failure.sent, client.sent], [false, ["slow"]]);
});

Deno.test("ClientService.request() abandons a Deferred that is not a request, with sent: true", () => {
  using fixture = new Fixture();
  fixture.connect();
  const answer = fixture.service.request(() => new Deferred<number>(), { timeout: 5 });
  fixture.clock.advance(5);
  const error = failureResultOf(answer, RequestTimeout);
  assertEquals([error.sent, error.message], [true, "ClientService got no answer within 5 s"]);
  const cancelled = fixture.service.request(() => new Deferred<number>());
  cancelled.cancel();
  assertEquals(failureResultOf(cancelled, RequestCancelled).sent, true);
});

Deno.test("ClientService.request() rejects arguments that are out of range, and names them", () => {
  using fixture = new Fixture();
  const { service } = fixture;
  assertThrows(() => service.request(hello, { timeout: -1 }), RangeError, "request() timeout");
  assertThrows(
    () => service.request(hello, { failAfterFailures: 0 }),
    RangeError,
    "request() failAfterFailures",
  );
  // The cast is that of a caller without types.
  assertThrows(() => service.request("hello" as never), TypeError, "request() ask");
});
