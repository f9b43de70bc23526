// Of Twisted's tests, `internet/test/test_signals.py`, `test_sigchld.py` and the signal parts of `test_process.py` are about Python's wake-up
// descriptors and SIGCHLD, which Deno does itself. `ReactorBaseSignalTests` (`internet/test/test_base.py`) is about `_exitSignal`, by which
// Twisted ends its process with the signal again; here a signal that was handled ends the process with code 0.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import { Signals, type SignalSource } from "./signals.ts";

/** A source whose signals the test sends. It fails what its host could not deliver. */
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
    for (const [listener, heard] of [...this.#listeners]) if (heard === signal) listener();
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

/** Signals on a fake source, and what was handled. */
function fixture(...unsupported: Deno.Signal[]): ConnectionFixture {
  const source = new FakeSource(...unsupported);
  const calls: string[] = [];
  const handler = (name: string) => (signal: Deno.Signal) => void calls.push(`${name} ${signal}`);
  return { source, calls, handler, signals: new Signals(source), own: handler("own") };
}

Deno.test("Nothing is listened to before install()", () => {
  const { source, calls, handler, signals } = fixture();
  signals.add("SIGHUP", handler("user"));
  source.send("SIGHUP");
  assertEquals([source.listening, calls], [[], []]);
});

Deno.test("install() listens once to each signal, its own and the users'", () => {
  const { source, calls, handler, signals, own } = fixture();
  signals.add("SIGHUP", handler("user"));
  signals.add("SIGINT", handler("user"));
  signals.install(["SIGINT", "SIGTERM"], own);
  assertEquals(source.listening.toSorted(), ["SIGHUP", "SIGINT", "SIGTERM"]);
  source.send("SIGHUP");
  source.send("SIGTERM");
  assertEquals(calls, ["user SIGHUP", "own SIGTERM"]);
});

Deno.test("A user's handler takes the place of the own one, and gives it back when it is removed", () => {
  const { source, calls, handler, signals, own } = fixture();
  const user = handler("user");
  signals.install(["SIGINT"], own);
  signals.add("SIGINT", user);
  source.send("SIGINT");
  signals.remove("SIGINT", user);
  source.send("SIGINT");
  assertEquals(calls, ["user SIGINT", "own SIGINT"]);
});

Deno.test("All of a signal's users are called, in the order in which they were added", () => {
  const { source, calls, handler, signals, own } = fixture();
  signals.install([], own);
  for (const name of ["first", "second"]) signals.add("SIGUSR1", handler(name));
  source.send("SIGUSR1");
  assertEquals(calls, ["first SIGUSR1", "second SIGUSR1"]);
});

Deno.test("A handler that was added twice is removed once at a time", () => {
  const { source, calls, handler, signals, own } = fixture();
  const user = handler("user");
  signals.install([], own);
  signals.add("SIGUSR1", user);
  signals.add("SIGUSR1", user);
  signals.remove("SIGUSR1", user);
  source.send("SIGUSR1");
  assertEquals(calls, ["user SIGUSR1"]);
});

Deno.test("With its last handler gone, a signal without an own one is not listened to any more", () => {
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

Deno.test("A handler may remove itself, and another, while the signal is delivered", () => {
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

Deno.test("uninstall() stops listening, and the next install() finds the users' handlers again", () => {
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

Deno.test("add() of a signal that the source cannot deliver throws a TypeError that names it, and leaves nothing", () => {
  const { source, handler, signals, own } = fixture("SIGKILL");
  const { cause } = assertThrows(
    () => signals.add("SIGKILL", handler("user")),
    TypeError,
    'Cannot handle the signal "SIGKILL" on this system',
  );
  assertEquals(cause instanceof TypeError && cause.message, "no SIGKILL here");
  signals.install([], own);
  assertEquals(source.listening, []);
});

Deno.test("add() throws what the source throws for another reason than that it cannot deliver the signal", () => {
  const { source, handler, signals } = fixture();
  const shortage = new Error("no descriptor is left");
  source.listen = () => {
    throw shortage;
  };
  assertStrictEquals(assertThrows(() => signals.add("SIGHUP", handler("user"))), shortage);
});

Deno.test("An own signal that the source cannot deliver is logged, and the others are listened to", () => {
  using errors = new LoggedErrors();
  const { source, signals, own } = fixture("SIGTERM");
  signals.install(["SIGTERM", "SIGINT"], own);
  assertEquals(source.listening, ["SIGINT"]);
  assertEquals(errors.take().map(({ name, message }) => `${name}: ${message}`), [
    'TypeError: Cannot handle the signal "SIGTERM" on this system',
  ]);
});

Deno.test("remove() of a handler that was not added, or not for that signal, throws a RangeError that names both", () => {
  const { signals, own } = fixture();
  const handler = () => {};
  signals.install(["SIGINT"], own);
  signals.add("SIGHUP", handler);
  for (
    const remove of [() => signals.remove("SIGINT", handler), () => signals.remove("SIGHUP", own)]
  ) {
    const { message } = assertThrows(remove, RangeError);
    assertEquals(
      /^Cannot remove the handler function .* of SIG.*: it was not added$/.test(message),
      true,
    );
  }
});

Deno.test("What a handler throws, or rejects with, is logged, and the others are called", async () => {
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
  assertEquals(events.map(({ why }) => why), ["While handling SIGHUP", "While handling SIGHUP"]);
});
