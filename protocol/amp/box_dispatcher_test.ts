/** `CommandDispatchTests` of Twisted's `test_amp.py`; see `amp_test.ts`. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred, succeed, TimeoutError } from "../../defer/mod.ts";
import { ConnectionLost } from "../../reactor/errors.ts";
import { Clock } from "../../task/mod.ts";
import {
  assertNoResult,
  failureResultOf,
  LoggedErrors,
  successResultOf,
} from "../../testing/mod.ts";
import { RequestCancelled, RequestLost, RequestTimeout } from "../mod.ts";
import {
  AmpBox,
  BoxDispatcher,
  type BoxDispatcherOptions,
  type BoxResponder,
  Command,
  CommandLocator,
  type IBoxSender,
  Integer,
  type IResponderLocator,
  MalformedAmpBox,
  NoEmptyBoxes,
  ProtocolSwitched,
  RemoteAmpError,
  String,
  TooLong,
  UnhandledCommand,
  UnknownRemoteError,
} from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

class UnfriendlyGreeting extends Error {}

const Hello = new Command("hello", {
  arguments: { hello: String },
  response: { hello: String },
  errors: { UNFRIENDLY: UnfriendlyGreeting },
});
const Note = new Command("note", { requiresAnswer: false });

/** A locator and a sender of boxes that record their calls. */
class Ends implements IResponderLocator, IBoxSender {
  readonly commands: Record<string, BoxResponder> = {};
  readonly sent: AmpBox[] = [];
  readonly unhandled: Error[] = [];
  /** The error that `sendBox` throws. */
  failure: Error | null = null;
  isClosed = false;

  locateResponder(name: string): BoxResponder | null {
    return this.commands[name] ?? null;
  }

  sendBox(box: AmpBox): void {
    if (this.failure !== null) throw this.failure;
    box.serialize();
    this.sent.push(box);
  }

  unhandledError(error: Error): void {
    this.unhandled.push(error);
  }

  loseConnection(): void {
    this.isClosed = true;
  }
}

/** Returns a dispatcher that has been started. */
function start(options?: BoxDispatcherOptions): { ends: Ends; dispatcher: BoxDispatcher } {
  const ends = new Ends();
  const dispatcher = new BoxDispatcher(ends, options);
  dispatcher.startReceivingBoxes(ends);
  return { ends, dispatcher };
}

const ask = (command: string, tag = "id"): AmpBox =>
  new AmpBox({ _command: command, _ask: tag, hello: "world" });

Deno.test("BoxDispatcher.ampBoxReceived() calls the responder of a command", () => {
  const { ends, dispatcher } = start();
  const received: AmpBox[] = [];
  ends.commands.hello = (box) => {
    received.push(box);
    return new AmpBox({ hello: "goodbye" });
  };
  const call = ask("hello");
  dispatcher.ampBoxReceived(call);
  assertEquals(received, [call]);
  assertEquals(ends.sent, [new AmpBox({ hello: "goodbye", _answer: "id" })]);
});

Deno.test("BoxDispatcher.ampBoxReceived() answers when a responder's Deferred fires", () => {
  const { ends, dispatcher } = start();
  const result = new Deferred<AmpBox>();
  ends.commands.hello = () => result;
  dispatcher.ampBoxReceived(ask("hello"));
  assertEquals([ends.sent.length, dispatcher.pendingCommands], [0, 1]);
  result.callback(new AmpBox({ a: "1" }));
  assertEquals(ends.sent, [new AmpBox({ a: "1", _answer: "id" })]);
  assertEquals(dispatcher.pendingCommands, 0);
});

Deno.test("BoxDispatcher.ampBoxReceived() sends no answer that was not asked for", () => {
  const { ends, dispatcher } = start();
  ends.commands.hello = () => new AmpBox({ a: "1" });
  dispatcher.ampBoxReceived(new AmpBox({ _command: "hello" }));
  assertEquals([ends.sent, ends.unhandled], [[], []]);
});

Deno.test("BoxDispatcher answers a command without a responder with UNHANDLED", () => {
  const { ends, dispatcher } = start();
  dispatcher.ampBoxReceived(ask("other"));
  assertEquals(ends.sent, [
    new AmpBox({
      _error: "id",
      _error_code: "UNHANDLED",
      _error_description: 'Unhandled Command: "other"',
    }),
  ]);
  assertEquals(ends.isClosed, false);
});

Deno.test("BoxDispatcher answers with the code of a RemoteAmpError", () => {
  for (const fatal of [false, true]) {
    const { ends, dispatcher } = start();
    ends.commands.hello = () => {
      throw new RemoteAmpError("CODE", "why ☃", { fatal });
    };
    dispatcher.ampBoxReceived(ask("hello"));
    const box = new AmpBox({ _error: "id", _error_code: "CODE", _error_description: "why ☃" });
    assertEquals([...ends.sent[0] ?? []], [...box]);
    assertEquals(ends.isClosed, fatal);
  }
});

Deno.test("BoxDispatcher cuts a description that exceeds the maximum of a value", () => {
  const { ends, dispatcher } = start();
  ends.commands.hello = () => {
    throw new RemoteAmpError("CODE", "x".repeat(70_000));
  };
  dispatcher.ampBoxReceived(ask("hello"));
  assertEquals(ends.sent[0]?.get("_error_description")?.length, 65535);
});

Deno.test("BoxDispatcher logs an unknown error, answers with UNKNOWN and closes", () => {
  using errors = new LoggedErrors();
  const { ends, dispatcher } = start();
  const error = new TypeError("secret");
  ends.commands.hello = () => {
    throw error;
  };
  dispatcher.ampBoxReceived(ask("hello"));
  assertEquals([...ends.sent[0]?.values() ?? []].map((value) => new TextDecoder().decode(value)), [
    "id",
    "UNKNOWN",
    "Unknown Error",
  ]);
  assertEquals(ends.isClosed, true);
  const [event] = errors.takeEvents();
  assertStrictEquals(event?.failure, error);
  assert(event?.message.includes('Error while responding to "hello"'), event?.message);
});

Deno.test("BoxDispatcher tells the caller why it cannot decode arguments, and logs nothing", () => {
  using _errors = new LoggedErrors();
  const { ends, dispatcher } = start();
  const locator = new CommandLocator().responder(Hello, ({ hello }) => ({ hello }));
  ends.commands.hello = (box) => locator.locateResponder("hello")?.(box) ?? box;
  dispatcher.ampBoxReceived(new AmpBox({ _command: "hello", _ask: "id" }));
  assertEquals(ends.sent[0]?.get("_error_code"), bytes("UNKNOWN"));
  assertEquals(
    ends.sent[0]?.get("_error_description"),
    bytes('Cannot read the arguments of hello: the value of "hello" is missing'),
  );
  assertEquals(ends.isClosed, true);
});

Deno.test("BoxDispatcher passes the failure of a command without an answer to the sender", () => {
  const { ends, dispatcher } = start();
  const error = new TypeError("failed");
  ends.commands.hello = () => {
    throw error;
  };
  dispatcher.ampBoxReceived(new AmpBox({ _command: "hello" }));
  dispatcher.ampBoxReceived(new AmpBox({ _command: "other" }));
  assertStrictEquals(ends.unhandled[0], error);
  assert(ends.unhandled[1] instanceof RemoteAmpError);
  assertEquals(ends.sent, []);
});

Deno.test("BoxDispatcher.unhandledError() passes the error to the sender", () => {
  const { ends, dispatcher } = start();
  const error = new Error("oh no");
  dispatcher.unhandledError(error);
  assertStrictEquals(ends.unhandled[0], error);
});

Deno.test("BoxDispatcher passes an answer that cannot be sent to the sender as an error", () => {
  const { ends, dispatcher } = start();
  ends.commands.hello = () => new AmpBox({ hello: "x".repeat(65536) });
  dispatcher.ampBoxReceived(ask("hello"));
  assert(ends.unhandled[0] instanceof TooLong);
});

Deno.test("BoxDispatcher drops answers for a connection that is lost, or was switched", () => {
  for (const failure of [new ConnectionLost(), new ProtocolSwitched()]) {
    const { ends, dispatcher } = start();
    ends.commands.hello = () => new AmpBox({ a: "1" });
    ends.failure = failure;
    dispatcher.ampBoxReceived(ask("hello"));
    assertEquals([ends.sent, ends.unhandled], [[], []]);
  }
});

Deno.test("BoxDispatcher answers a command beyond maxPendingCommands with OVERLOADED", () => {
  const { ends, dispatcher } = start({ maxPendingCommands: 1 });
  const result = new Deferred<AmpBox>();
  ends.commands.hello = () => result;
  dispatcher.ampBoxReceived(ask("hello", "1"));
  dispatcher.ampBoxReceived(ask("hello", "2"));
  assertEquals(ends.sent[0]?.get("_error"), bytes("2"));
  assertEquals(ends.sent[0]?.get("_error_code"), bytes("OVERLOADED"));
  result.callback(new AmpBox());
  assertEquals(ends.sent[1], new AmpBox({ _answer: "1" }));
});

Deno.test("BoxDispatcher answers a command beyond maxPendingBytes with OVERLOADED", () => {
  const { ends, dispatcher } = start({ maxPendingBytes: 100 });
  const results: Deferred<AmpBox>[] = [];
  ends.commands.hello = () => {
    const result = new Deferred<AmpBox>();
    results.push(result);
    return result;
  };
  const call = (tag: string): void =>
    dispatcher.ampBoxReceived(ask("hello", tag).set("hello", bytes("x".repeat(60))));
  call("1");
  call("2");
  call("3");
  assertEquals([results.length, ends.sent.length], [2, 1]);
  assertEquals(ends.sent[0]?.get("_error_code"), bytes("OVERLOADED"));
  results[0]?.callback(new AmpBox());
  call("4");
  results[1]?.callback(new AmpBox());
  results[2]?.callback(new AmpBox());
  call("5");
  assertEquals(ends.sent.slice(1).map((box) => box.get("_answer")), ["1", "2", "4"].map(bytes));
});

Deno.test("BoxDispatcher.ampBoxReceived() throws NoEmptyBoxes for a box of another kind", () => {
  const { dispatcher } = start();
  assertThrows(() => dispatcher.ampBoxReceived(new AmpBox()), NoEmptyBoxes, "its keys are: none");
  const box = new AmpBox({ a: "1", _ask: "2" });
  assertThrows(() => dispatcher.ampBoxReceived(box), NoEmptyBoxes, 'its keys are: "a", "_ask"');
});

Deno.test("BoxDispatcher.callRemote() sends a call, and fires with the decoded answer", () => {
  const { ends, dispatcher } = start();
  const answer = dispatcher.callRemote(Hello, { hello: bytes("world") });
  assertEquals(ends.sent, [new AmpBox({ hello: "world", _command: "hello", _ask: "1" })]);
  assertNoResult(answer);
  assertEquals(dispatcher.pendingCalls, 1);
  dispatcher.ampBoxReceived(new AmpBox({ hello: "yay", print: "ignored", _answer: "1" }));
  assertEquals(successResultOf(answer), { hello: bytes("yay") });
  assertEquals(dispatcher.pendingCalls, 0);
});

Deno.test("BoxDispatcher.callRemote() numbers the calls in hexadecimal", () => {
  const { ends, dispatcher } = start();
  const answers = Array.from({ length: 17 }, () => dispatcher.callRemoteString("x"));
  assertEquals(ends.sent.map((box) => new TextDecoder().decode(box.get("_ask"))).slice(8), [
    ...["9", "a", "b", "c", "d", "e", "f", "10", "11"],
  ]);
  dispatcher.stopReceivingBoxes(new ConnectionLost());
  for (const answer of answers) failureResultOf(answer, RequestLost);
});

/** The box of a failure. */
const failure = (code: string, tag = "1"): AmpBox =>
  new AmpBox({ _error: tag, _error_code: code, _error_description: "stuff" });

Deno.test("BoxDispatcher.callRemote() fails with the error that has the code", () => {
  for (
    const [code, type] of [["UNFRIENDLY", UnfriendlyGreeting], [
      "UNHANDLED",
      UnhandledCommand,
    ]] as const
  ) {
    const { dispatcher } = start();
    const answer = dispatcher.callRemote(Hello, { hello: bytes("") });
    dispatcher.ampBoxReceived(failure(code));
    assertEquals(failureResultOf(answer, type).message, "stuff");
  }
});

Deno.test("BoxDispatcher.callRemote() fails with UnknownRemoteError for an unknown code", () => {
  const { dispatcher } = start();
  const answer = dispatcher.callRemote(Hello, { hello: bytes("") });
  dispatcher.ampBoxReceived(failure("bugs"));
  const error = failureResultOf(answer, UnknownRemoteError);
  assertEquals([error.errorCode, error.description], ["bugs", "stuff"]);
});

Deno.test("BoxDispatcher.callRemote() fails when it cannot decode the answer", () => {
  const { dispatcher } = start();
  const answer = dispatcher.callRemote(Hello, { hello: bytes("") });
  dispatcher.ampBoxReceived(new AmpBox({ _answer: "1" }));
  failureResultOf(answer, MalformedAmpBox);
});

Deno.test("BoxDispatcher.callRemote() returns nothing for a command without an answer", () => {
  const { ends, dispatcher } = start();
  assertStrictEquals(dispatcher.callRemote(Note), undefined);
  assertEquals(ends.sent, [new AmpBox({ _command: "note" })]);
  ends.failure = new ConnectionLost();
  assertStrictEquals(dispatcher.callRemote(Note), undefined);
});

Deno.test("BoxDispatcher.callRemote() throws when the call cannot be sent, and forgets it", () => {
  const { ends, dispatcher } = start();
  assertThrows(() => dispatcher.callRemote(Hello, { hello: new Uint8Array(65536) }), TooLong);
  ends.failure = new ProtocolSwitched("switched");
  assertThrows(() => dispatcher.callRemote(Hello, { hello: bytes("") }), ProtocolSwitched);
  assertEquals(dispatcher.pendingCalls, 0);
});

Deno.test("BoxDispatcher.callRemote() throws before the connection has been made", () => {
  const dispatcher = new BoxDispatcher(new Ends());
  assertThrows(
    () => dispatcher.callRemote(Hello, { hello: bytes("") }),
    Error,
    "the connection has not been made",
  );
});

Deno.test("BoxDispatcher.callRemoteString() fires with the box of the answer", () => {
  const { ends, dispatcher } = start();
  const contents = new AmpBox({ hello: "a" });
  const answer = dispatcher.callRemoteString("hello", contents);
  assertEquals(ends.sent, [new AmpBox({ hello: "a", _command: "hello", _ask: "1" })]);
  assertEquals(contents.size, 1);
  const box = new AmpBox({ hello: "b", _answer: "1" });
  dispatcher.ampBoxReceived(box);
  assertStrictEquals(successResultOf(answer), box);
  const failed = dispatcher.callRemoteString("hello");
  dispatcher.ampBoxReceived(failure("CODE", "2"));
  assertEquals(failureResultOf(failed, RemoteAmpError).errorCode, "CODE");
});

Deno.test("BoxDispatcher.stopReceivingBoxes() fails all calls, and all later ones", () => {
  const { dispatcher } = start();
  const reason = new ConnectionLost("gone");
  const before = dispatcher.callRemote(Hello, { hello: bytes("") });
  dispatcher.stopReceivingBoxes(reason);
  const after = dispatcher.callRemote(Hello, { hello: bytes("") });
  for (const [answer, sent] of [[before, true], [after, false]] as const) {
    const failure = failureResultOf(answer, RequestLost);
    assertStrictEquals(failure.cause, reason);
    assertEquals(failure.sent, sent);
  }
});

Deno.test("BoxDispatcher.ampBoxReceived() throws for an answer to no call", () => {
  const { dispatcher } = start();
  for (const key of ["_answer", "_error"]) {
    const box = new AmpBox({ [key]: "7", _error_code: "A", _error_description: "B" });
    assertThrows(() => dispatcher.ampBoxReceived(box), MalformedAmpBox, "7");
  }
});

Deno.test("BoxDispatcher.ampBoxReceived() throws for a failure without code or description", () => {
  const { dispatcher } = start();
  for (const key of ["_error_code", "_error_description"]) {
    const box = failure("A");
    box.delete(key);
    assertThrows(
      () => dispatcher.ampBoxReceived(box),
      MalformedAmpBox,
      `the key ${key} is missing`,
    );
  }
});

Deno.test("BoxDispatcher.callRemote() times out, and drops the late answer", () => {
  const clock = new Clock();
  const { dispatcher } = start();
  const answer = dispatcher.callRemote(Hello, { hello: bytes("") }, { timeout: 4, clock });
  clock.advance(4);
  const error = failureResultOf(answer, RequestTimeout);
  assertEquals(error.sent, true);
  assertEquals(error.message, 'The peer did not answer "hello" within 4 s');
  dispatcher.ampBoxReceived(new AmpBox({ hello: "late", _answer: "1" }));
  assertEquals(dispatcher.pendingCalls, 0);
});

Deno.test("BoxDispatcher.callRemote() uses the timeout of the dispatcher by default", () => {
  const clock = new Clock();
  const { dispatcher } = start({ clock, timeout: 2 });
  const usual = dispatcher.callRemote(Hello, { hello: bytes("") });
  const longer = dispatcher.callRemote(Hello, { hello: bytes("") }, { timeout: 3 });
  const endless = dispatcher.callRemoteString("hello", {}, { timeout: Infinity });
  clock.advance(2);
  failureResultOf(usual, TimeoutError);
  assertNoResult(longer);
  clock.advance(1);
  failureResultOf(longer, TimeoutError);
  assertNoResult(endless);
  dispatcher.ampBoxReceived(new AmpBox({ _answer: "3" }));
  successResultOf(endless);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("BoxDispatcher.callRemote() stops its timer when the answer arrives", () => {
  const clock = new Clock();
  const { dispatcher } = start({ clock, timeout: 2 });
  const answer = dispatcher.callRemote(Hello, { hello: bytes("") });
  dispatcher.ampBoxReceived(new AmpBox({ hello: "", _answer: "1" }));
  successResultOf(answer);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("BoxDispatcher.callRemote() is abandoned when its signal aborts", () => {
  const { ends, dispatcher } = start();
  const controller = new AbortController();
  const { signal } = controller;
  const answer = dispatcher.callRemote(Hello, { hello: bytes("") }, { signal });
  controller.abort(new Error("enough"));
  assertEquals(failureResultOf(answer, RequestCancelled).sent, true);
  dispatcher.ampBoxReceived(new AmpBox({ hello: "late", _answer: "1" }));
  const unsent = dispatcher.callRemote(Hello, { hello: bytes("") }, { signal });
  assertEquals(failureResultOf(unsent, RequestCancelled).sent, false);
  assertEquals(ends.sent.length, 1);
});

Deno.test("BoxDispatcher() checks its options, and callRemote() its timeout", () => {
  const ends = new Ends();
  const make = (options: BoxDispatcherOptions): unknown => new BoxDispatcher(ends, options);
  assertThrows(() => make({ maxPendingCommands: 0 }), RangeError, "maxPendingCommands");
  assertThrows(() => make({ maxPendingBytes: NaN }), RangeError, "maxPendingBytes");
  assertThrows(() => make({ timeout: 5 }), TypeError, "the options contain no clock");
  assertThrows(() => make({ timeout: -1, clock: new Clock() }), RangeError, "timeout");
  const { dispatcher } = start();
  const args = { hello: bytes("") };
  assertThrows(() => dispatcher.callRemote(Hello, args, { timeout: 1 }), TypeError, "no clock");
  assertThrows(() => dispatcher.callRemote(Hello, args, { timeout: NaN }), RangeError, "timeout");
  assertEquals(ends.sent, []);
});

Deno.test("BoxDispatcher logs a failed call without an errback, as any failed Deferred", () => {
  using errors = new LoggedErrors();
  const { ends, dispatcher } = start();
  const Add = new Command("add", { response: { total: Integer } });
  dispatcher.callRemote(Add).addCallback(() => succeed(1)).addCallback(() => {
    throw new RangeError("in a callback");
  });
  dispatcher.ampBoxReceived(new AmpBox({ total: "1", _answer: "1" }));
  assertEquals([ends.unhandled, ends.isClosed], [[], false]);
  // Disposing of the errors would report the failure, as the end of the program does.
  const left = assertThrows(() => errors[Symbol.dispose](), AggregateError);
  assert(left.errors[0] instanceof RangeError);
});
