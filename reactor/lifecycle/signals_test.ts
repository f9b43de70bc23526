// In Twisted, `internet/test/test_signals.py`, `test_sigchld.py` and the signal parts of
// `test_process.py` test Python's wake-up descriptors and SIGCHLD, which Deno handles itself.
// `ReactorBaseSignalTests` (`internet/test/test_base.py`) tests `_exitSignal`, with which Twisted
// terminates its process by the same signal. Here a process that handled a signal exits with code
// 0.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { Signals, type SignalSource } from "./signals.ts";

/**
 * A source whose signals the test sends. It throws for unsupported signals, as the host does.
 * White-box: the test counts the listeners, which `InMemoryReactor.deliverSignal()` does not show.
 */
class FakeSource implements SignalSource {
  readonly listening: Deno.Signal[] = [];
  readonly #listeners = new Map<() => void, Deno.Signal>();
  readonly #unsupported: Deno.Signal[];

  constructor(...unsupported: Deno.Signal[]) {
    this.#unsupported = unsupported;
  }

  listen(signal: Deno.Signal, listener: () => void): void {
    if (this.#unsupported.includes(signal)) throw new TypeError(`no ${signal} here`);
    this.#listeners.set(listener, signal);
    this.#note();
  }

  unlisten(signal: Deno.Signal, listener: () => void): void {
    assertEquals(this.#listeners.get(listener), signal);
    this.#listeners.delete(listener);
    this.#note();
  }

  send(signal: Deno.Signal): void {
    for (const [listener, name] of [...this.#listeners]) if (name === signal) listener();
  }

  #note(): void {
    this.listening.splice(0, Infinity, ...this.#listeners.values());
  }
}

interface ConnectionFixture {
  source: FakeSource;
  calls: string[];
  handler: (name: string) => (signal: Deno.Signal) => void;
  signals: Signals;
  own: (signal: Deno.Signal) => void;
}

/** Returns signals with a fake source, and the calls of their handlers. */
function fixture(...unsupported: Deno.Signal[]): ConnectionFixture {
  const source = new FakeSource(...unsupported);
  const calls: string[] = [];
  const handler = (name: string) => (signal: Deno.Signal) => void calls.push(`${name} ${signal}`);
  return { source, calls, handler, signals: new Signals(source), own: handler("own") };
}

Deno.test("Signals.add() does not listen before install()", () => {
  const { source, calls, handler, signals } = fixture();
  signals.add("SIGHUP", handler("user"));
  source.send("SIGHUP");
  assertEquals([source.listening, calls], [[], []]);
});

Deno.test("Signals.install() listens once to each signal of the reactor and the application", () => {
  const { source, calls, handler, signals, own } = fixture();
  signals.add("SIGHUP", handler("user"));
  signals.add("SIGINT", handler("user"));
  signals.install(["SIGINT", "SIGTERM"], own);
  assertEquals(source.listening.toSorted(), ["SIGHUP", "SIGINT", "SIGTERM"]);
  source.send("SIGHUP");
  source.send("SIGTERM");
  assertEquals(calls, ["user SIGHUP", "own SIGTERM"]);
});

Deno.test("Signals.add() replaces the default handler until remove()", () => {
  const { source, calls, handler, signals, own } = fixture();
  const user = handler("user");
  signals.install(["SIGINT"], own);
  signals.add("SIGINT", user);
  source.send("SIGINT");
  signals.remove("SIGINT", user);
  source.send("SIGINT");
  assertEquals(calls, ["user SIGINT", "own SIGINT"]);
});

Deno.test("Signals calls all handlers of a signal in the order in which they were added", () => {
  const { source, calls, handler, signals, own } = fixture();
  signals.install([], own);
  for (const name of ["first", "second"]) signals.add("SIGUSR1", handler(name));
  source.send("SIGUSR1");
  assertEquals(calls, ["first SIGUSR1", "second SIGUSR1"]);
});

Deno.test("Signals.remove() removes one entry of a handler that was added twice", () => {
  const { source, calls, handler, signals, own } = fixture();
  const user = handler("user");
  signals.install([], own);
  signals.add("SIGUSR1", user);
  signals.add("SIGUSR1", user);
  signals.remove("SIGUSR1", user);
  source.send("SIGUSR1");
  assertEquals(calls, ["user SIGUSR1"]);
});

Deno.test("Signals.remove() stops listening to a signal if no handler is left", () => {
  const { source, handler, signals, own } = fixture();
  const user = handler("user");
  signals.install(["SIGINT"], own);
  signals.add("SIGHUP", user);
  signals.add("SIGINT", user);
  signals.remove("SIGHUP", user);
  signals.remove("SIGINT", user);
  assertEquals(source.listening, ["SIGINT"]);
  signals.add("SIGHUP", user);
  assertEquals(source.listening, ["SIGINT", "SIGHUP"]);
});

Deno.test("Signals.remove() may be called by a handler", () => {
  const { source, calls, handler, signals, own } = fixture();
  const user = handler("user");
  const once = () => {
    calls.push("once");
    signals.remove("SIGHUP", once);
  };
  signals.install([], own);
  signals.add("SIGHUP", once);
  signals.add("SIGHUP", user);
  source.send("SIGHUP");
  source.send("SIGHUP");
  assertEquals(calls, ["once", "user SIGHUP", "user SIGHUP"]);
});

Deno.test("Signals.uninstall() keeps the application's handlers for the next install()", () => {
  const { source, calls, handler, signals, own } = fixture();
  signals.add("SIGHUP", handler("user"));
  signals.install(["SIGINT"], own);
  signals.uninstall();
  signals.uninstall();
  assertEquals(source.listening, []);
  signals.install([], own);
  assertEquals(source.listening, ["SIGHUP"]);
  source.send("SIGHUP");
  assertEquals(calls, ["user SIGHUP"]);
});

Deno.test("Signals.add() throws a TypeError that names an unsupported signal", () => {
  const { source, handler, signals, own } = fixture("SIGKILL");
  const { cause } = assertThrows(
    () => signals.add("SIGKILL", handler("user")),
    TypeError,
    'Cannot handle the signal "SIGKILL": this operating system does not support it',
  );
  assertEquals(cause instanceof TypeError && cause.message, "no SIGKILL here");
  signals.install([], own);
  assertEquals(source.listening, []);
});

Deno.test("Signals.add() throws other errors of the source unchanged", () => {
  const { source, handler, signals } = fixture();
  const shortage = new Error("no descriptor is left");
  source.listen = () => {
    throw shortage;
  };
  assertStrictEquals(assertThrows(() => signals.add("SIGHUP", handler("user"))), shortage);
});

Deno.test("Signals.install() logs an unsupported signal and listens to the others", () => {
  using errors = new LoggedErrors();
  const { source, signals, own } = fixture("SIGTERM");
  signals.install(["SIGTERM", "SIGINT"], own);
  assertEquals(source.listening, ["SIGINT"]);
  assertEquals(errors.take().map(({ name, message }) => `${name}: ${message}`), [
    'TypeError: Cannot handle the signal "SIGTERM": this operating system does not support it',
  ]);
});

Deno.test("Signals.remove() throws a RangeError for a handler that was not added for the signal", () => {
  const { signals, own } = fixture();
  const handler = () => {};
  signals.install(["SIGINT"], own);
  signals.add("SIGHUP", handler);
  for (
    const remove of [() => signals.remove("SIGINT", handler), () => signals.remove("SIGHUP", own)]
  ) {
    const { message } = assertThrows(remove, RangeError);
    assertEquals(
      /^Cannot remove the handler function .* of SIG.*: this handler was not added$/.test(message),
      true,
    );
  }
});

Deno.test("Signals logs the error or rejection of a handler and calls the other handlers", async () => {
  using errors = new LoggedErrors();
  const { source, calls, handler, signals, own } = fixture();
  const rejected = Promise.reject(new Error("rejected"));
  signals.install([], own);
  signals.add("SIGHUP", () => {
    throw new Error("thrown");
  });
  signals.add("SIGHUP", () => rejected);
  signals.add("SIGHUP", handler("user"));
  source.send("SIGHUP");
  assertEquals(calls, ["user SIGHUP"]);
  await rejected.catch(() => {});
  const events = errors.takeEvents();
  assertEquals(events.map(({ failure }) => failure?.message), ["thrown", "rejected"]);
  assertEquals(events.map(({ why }) => why), [
    "Error while handling SIGHUP",
    "Error while handling SIGHUP",
  ]);
});
