/** `CommandTests` of Twisted's `test_amp.py`; see `amp_test.ts`. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Deferred } from "../../defer/mod.ts";
import { Protocol } from "../mod.ts";
import * as amp from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Fails to compile unless the type of a value is exactly `Expected`. */
type Exactly<Expected> = <Actual>(
  value: Actual,
  ...wrong: [Expected] extends [Actual] ? [Actual] extends [Expected] ? [] : [never] : [never]
) => void;

function assertType<Expected>(): Exactly<Expected> {
  return () => {};
}

const Hello = new amp.Command("hello", {
  arguments: {
    hello: amp.String,
    optional: amp.optional(amp.Boolean),
    print: amp.optional(amp.Unicode),
    "dash-arg": amp.optional(amp.String),
  },
  response: { hello: amp.String, print: amp.optional(amp.Unicode) },
});
const Sum = new amp.Command("Sum", {
  arguments: { a: amp.Integer, b: amp.Integer },
  response: { total: amp.Integer },
});
const Ping = new amp.Command("Ping");
const Note = new amp.Command("Note", { arguments: { text: amp.Unicode }, requiresAnswer: false });
const Switch = new amp.ProtocolSwitchCommand("Switch", { arguments: { name: amp.Unicode } });

class CodedError extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Never called: the compiler checks it. */
export function checkTypes(client: amp.AMP): void {
  assertType<Deferred<{ total: number }>>()(client.callRemote(Sum, { a: 1, b: 2 }));
  assertType<void>()(client.callRemote(Note, { text: "" }));
  assertType<Deferred<Record<never, never>>>()(client.callRemote(Ping));
  assertType<Deferred<void>>()(
    client.callRemote(Switch, { name: "" }, { protocol: new Protocol() }),
  );
  assertType<Deferred<{ hello: Uint8Array; print?: string | undefined }>>()(
    client.callRemote(Hello, { hello: bytes("") }, { timeout: 4 }),
  );
  // @ts-expect-error: an argument is missing
  client.callRemote(Sum, { a: 1 });
  // @ts-expect-error: an argument has the wrong type
  client.callRemote(Sum, { a: 1, b: "2" });
  // @ts-expect-error: an argument is unknown
  client.callRemote(Sum, { a: 1, b: 2, c: 3 });
  // @ts-expect-error: all arguments are missing
  client.callRemote(Sum);
  // @ts-expect-error: the protocol is missing
  client.callRemote(Switch, { name: "" });
  // @ts-expect-error: an optional argument has the wrong type
  client.callRemote(Hello, { hello: bytes(""), print: 5 });
  client.responder(Sum, ({ a, b }) => ({ total: a + b }));
  client.responder(Sum, ({ a, b }) => Promise.resolve({ total: a + b }));
  client.responder(Ping, () => {});
  client.responder(Switch, ({ name }) => {
    assertType<string>()(name);
    return new Protocol();
  });
  client.responder(Hello, ({ hello, print }) => {
    assertType<string | undefined>()(print);
    return { hello };
  });
  // @ts-expect-error: the answer is missing
  client.responder(Sum, () => {});
  // @ts-expect-error: the answer has the wrong type
  client.responder(Sum, () => ({ total: "3" }));
  // @ts-expect-error: the command has no such argument
  client.responder(Sum, ({ c }) => ({ total: Number(c) }));
  // @ts-expect-error: the responder of this command returns a protocol
  client.responder(Switch, () => {});
  // @ts-expect-error: the type is not an Argument
  new amp.Command("X", { arguments: { a: Number } });
  // @ts-expect-error: the constructor of the error requires more than a description
  new amp.Command("X", { errors: { X: CodedError } });
}

Deno.test("Command.makeArguments() encodes the arguments under their names", () => {
  const args = { hello: bytes("hi"), print: "☃", "dash-arg": bytes("x") };
  const box = new amp.AmpBox({ hello: "hi", print: "☃", "dash-arg": "x" });
  assertEquals(Hello.makeArguments(args), box);
});

Deno.test("Command.parseArguments() decodes what makeArguments() has encoded", () => {
  const args = { hello: bytes("hi"), optional: false };
  assertEquals(Hello.parseArguments(Hello.makeArguments(args)), args);
});

Deno.test("Command.parseArguments() ignores keys that the command does not define", () => {
  const box = new amp.AmpBox({ a: "1", b: "2", bonus: "3", _command: "Sum", _ask: "1" });
  assertEquals(Sum.parseArguments(box), { a: 1, b: 2 });
});

Deno.test("Command.parseResponse() decodes what makeResponse() has encoded", () => {
  assertEquals(Sum.makeResponse({ total: 94 }), new amp.AmpBox({ total: "94" }));
  assertEquals(Sum.parseResponse(Sum.makeResponse({ total: 94 })), { total: 94 });
});

Deno.test("Command.makeResponse() takes undefined for an answer without values", () => {
  assertEquals(Ping.makeResponse(undefined), new amp.AmpBox());
  assertEquals(Ping.makeResponse({}), new amp.AmpBox());
});

// Callers without types may pass any value.
const untyped = Sum as unknown as {
  makeArguments(args: unknown): amp.AmpBox;
  makeResponse(result: unknown): amp.AmpBox;
};

Deno.test("Command.makeArguments() throws InvalidSignature for a missing argument", () => {
  assertThrows(
    () => untyped.makeArguments({ a: 1 }),
    amp.InvalidSignature,
    'Cannot call Sum: the value of "b" is missing',
  );
});

Deno.test("Command.makeArguments() throws InvalidSignature for an unknown argument", () => {
  assertThrows(
    () => untyped.makeArguments({ a: 1, b: 2, bogus: 3 }),
    amp.InvalidSignature,
    'Cannot call Sum: there is no argument "bogus"; the arguments are "a", "b"',
  );
});

Deno.test("Command.makeArguments() throws InvalidSignature with the cause for a bad value", () => {
  const error = assertThrows(
    () => untyped.makeArguments({ a: 1, b: "2" }),
    amp.InvalidSignature,
    'Cannot call Sum: the value of "b" is invalid: expected a safe integer, got "2"',
  );
  assert(error.cause instanceof TypeError);
  assertThrows(() => untyped.makeArguments(5), amp.InvalidSignature, "must be an object, got 5");
});

Deno.test("Command.parseArguments() throws MalformedAmpBox for a missing or bad value", () => {
  assertThrows(
    () => Sum.parseArguments(new amp.AmpBox({ a: "1" })),
    amp.MalformedAmpBox,
    'Cannot read the arguments of Sum: the value of "b" is missing',
  );
  assertThrows(
    () => Sum.parseArguments(new amp.AmpBox({ a: "1", b: "x" })),
    amp.MalformedAmpBox,
    'Cannot read the arguments of Sum: the value of "b" is invalid: expected an integer, got "x"',
  );
});

Deno.test("Command.parseResponse() throws MalformedAmpBox for a missing value", () => {
  assertThrows(
    () => Sum.parseResponse(new amp.AmpBox()),
    amp.MalformedAmpBox,
    'Cannot read the answer to Sum: the value of "total" is missing',
  );
});

Deno.test("Command.makeResponse() throws for a result that is not an object", () => {
  for (const result of [undefined, null, 94]) {
    assertThrows(() => untyped.makeResponse(result), amp.InvalidSignature, "Cannot answer Sum");
  }
});

Deno.test("Command() passes the protocol to the types of its arguments", () => {
  const protocol = {};
  const seen: unknown[] = [];
  class Weird extends amp.Argument<string> {
    override encode(value: string, protocol: object | null): Uint8Array {
      seen.push(protocol);
      return bytes(value);
    }

    override decode(data: Uint8Array, protocol: object | null): string {
      seen.push(protocol);
      return `${data}`;
    }
  }
  const command = new amp.Command("Weird", {
    arguments: { weird: new Weird() },
    response: { weird: amp.optional(new Weird()) },
  });
  const box = command.makeArguments({ weird: "1" }, protocol);
  command.parseArguments(box, protocol);
  command.makeResponse({ weird: "1" }, protocol);
  command.parseResponse(box, protocol);
  command.parseArguments(box);
  assertEquals(seen.length, 5);
  for (const each of seen.slice(0, 4)) assertStrictEquals(each, protocol);
  assertStrictEquals(seen[4], null);
});

Deno.test("Command() uses the class of its definition for boxes", () => {
  class MyBox extends amp.AmpBox {}
  const command = new amp.Command("Bye", { commandType: MyBox, responseType: amp.QuitBox });
  assert(command.makeArguments({}) instanceof MyBox);
  assert(command.makeResponse() instanceof amp.QuitBox);
});

Deno.test("Command() has a name, and requires an answer by default", () => {
  assertEquals([Sum.commandName, Sum.requiresAnswer], ["Sum", true]);
  assertEquals(Note.requiresAnswer, false);
});

Deno.test("Command() checks its definition", () => {
  // Callers without types may pass any value.
  const make = (name: unknown, definition: unknown = {}): unknown =>
    new amp.Command(name as string, definition as Record<never, never>);
  assertThrows(() => make(bytes("FOO")), TypeError, "commandName must be a string");
  assertThrows(
    () => make("X", { arguments: { foo: null } }),
    TypeError,
    'Cannot define the arguments of X: the type of "foo" must be an Argument, got null',
  );
  assertThrows(
    () => make("X", { response: { foo: Number } }),
    TypeError,
    'Cannot define the response of X: the type of "foo" must be an Argument',
  );
  for (const errors of ["errors", "fatalErrors"]) {
    assertThrows(
      () => make("X", { [errors]: { ZDE: "zero" } }),
      TypeError,
      'the class of the error "ZDE" of the command "X" must be a function',
    );
  }
});

class KnownError extends Error {}
class SubError extends KnownError {}
class FatalError extends Error {}
const Failing = new amp.Command("Failing", {
  errors: { KNOWN: KnownError, SUB: SubError },
  fatalErrors: { FATAL: FatalError },
});

Deno.test("Command.remoteErrorOf() returns the code of the first class that fits", () => {
  const errors = [new KnownError("a"), new SubError("b"), new FatalError("c")];
  assertEquals(
    errors.map((error) => Failing.remoteErrorOf(error)).map((remote) => [
      remote?.errorCode,
      remote?.description,
      remote?.fatal,
    ]),
    [["KNOWN", "a", false], ["KNOWN", "b", false], ["FATAL", "c", true]],
  );
  assertStrictEquals(Failing.remoteErrorOf(new Error("d")), null);
  const remote = new amp.RemoteAmpError("OWN", "e");
  assertStrictEquals(Failing.remoteErrorOf(remote), remote);
});

Deno.test("Command.localErrorOf() returns an error of the class that has the code", () => {
  const local = (code: string): Error => Failing.localErrorOf(new amp.RemoteAmpError(code, "why"));
  assert(local("KNOWN") instanceof KnownError);
  assert(local("FATAL") instanceof FatalError);
  assertEquals(local("SUB").message, "why");
  for (const code of ["OTHER", "toString", "__proto__"]) {
    const error = local(code);
    assert(error instanceof amp.UnknownRemoteError);
    assertEquals([error.errorCode, error.description], [code, "why"]);
  }
});

Deno.test("RemoteAmpError() has a message with the code and the description", () => {
  const error = new amp.RemoteAmpError("BROKEN", "Something has broken");
  assertEquals(error.message, "Code<BROKEN>: Something has broken");
  const cause = new Error("Something came loose");
  const local = new amp.RemoteAmpError("BROKEN", "Something has broken", { cause });
  assertEquals(local.message, "Code<BROKEN> (local): Something has broken");
  assertStrictEquals(local.cause, cause);
});

Deno.test("UnknownRemoteError() has the code UNKNOWN by default", () => {
  const { errorCode, name, message } = new amp.UnknownRemoteError("why");
  assertEquals([errorCode, name, message], ["UNKNOWN", "UnknownRemoteError", "Code<UNKNOWN>: why"]);
});
