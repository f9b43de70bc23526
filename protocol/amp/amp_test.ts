/**
 * Twisted's `test_amp.py`, class by class. Here are `AMPTests`, `CommandInheritanceTests`, and
 * `ParsingTests.test_sillyEmptyThing` and `test_ParsingRoundTrip`. In other files:
 *
 * - `AmpBoxTests` in `amp_box_test.ts`; `BinaryProtocolTests` in `binary_box_protocol_test.ts`.
 * - `CommandDispatchTests` in `box_dispatcher_test.ts`, `CommandLocatorTests` in
 *   `command_locator_test.ts`, `CommandTests` and `RemoteAmpErrorTests` in `command_test.ts`.
 * - The rest of `ParsingTests`, `DecimalTests` and `FloatTests` in `basic_arguments_test.ts`, the
 *   `ListOf…Tests` in `list_arguments_test.ts`, `DateTimeTests`, `UTCTests` and
 *   `ListOfDateTimeTests` in `date_time_test.ts`.
 * - The tests of protocol switches in `protocol_switch_command_test.ts`. `TLSTests`,
 *   `LiveFireTLSTests` and `WithServerTLSVerificationTests` in `start_tls_test.ts`; these and
 *   `LiveFireBase` also in `interop/amp_test.ts`.
 *
 * Not covered, or different on purpose:
 *
 * - `test_serializeUnicodeKeyRaises`: keys are strings. `test_interfaceDeclarations`: the compiler
 *   checks interfaces. `test_simpleReprs`, `test_simpleSSLRepr`, `test_innerProtocolInRepr` and
 *   `test_innerProtocolNotInRepr`: there is no `repr`.
 * - `test_pathValueRoundTrip`: a path is a string. `DescriptorTests`: Deno cannot send file
 *   descriptors.
 * - `test_lookupFunctionDeprecatedOverride` and `…Invoke`: there is no deprecated `lookupFunction`.
 * - `test_brokenReturnValue`: a command whose answer has no values may return nothing; other values
 *   that do not fit are tested.
 * - `test_wireSpellingDisallowed`, `test_wireFormatRoundTrip`: names are the same in programs as on
 *   the wire. `test_commandNameDefaultsToClassNameAsByteString`: the name is an argument.
 *   `test_command…MustBeAByteString` and `…WithByteStrings`: names are strings, which is tested.
 *   `test_commandErrorsIsConvertedToDict`, `test_commandFatalErrorsIsConvertedToDict`: errors are
 *   an object.
 * - `test_requiredArgumentWithNoneValueRaisesTypeError` and `…KeyMissingRaisesKeyError`: both are
 *   an `InvalidSignature`.
 * - `test_callRemoteSuccessLocalCallbackErrorLogging` and `…Error…`: such a failure is logged as
 *   that of any Deferred, and the connection stays open.
 * - `PlainVanillaLiveFireTests`: there is no default responder of `StartTLS`.
 *   `TLSNotAvailableTests`: TLS is always available. `test_negotiationFailedByClosing`: the reason
 *   is that of the transport.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { Deferred } from "../../defer/mod.ts";
import { ConnectionDone } from "../../reactor/errors.ts";
import {
  assertNoResult,
  cleanTest,
  connectedServerAndClient,
  failureResultOf,
  flushLoggedErrors,
  StringTransport,
  successResultOf,
  TestPeer,
} from "../../testing/mod.ts";
import { Factory, RequestLost } from "../mod.ts";
import * as amp from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

class UnfriendlyGreeting extends Error {}
class DeathThreat extends Error {}

const hello = {
  arguments: { hello: amp.String, print: amp.optional(amp.Unicode) },
  response: { hello: amp.String, print: amp.optional(amp.Unicode) },
  errors: { UNFRIENDLY: UnfriendlyGreeting },
  fatalErrors: { DEAD: DeathThreat },
};
const Hello = new amp.Command("hello", hello);
const NoAnswerHello = new amp.Command("hello", { ...hello, requiresAnswer: false });
const FutureHello = new amp.Command("hello", {
  ...hello,
  arguments: { ...hello.arguments, bonus: amp.optional(amp.String) },
});
const Missing = new amp.Command("WTF");
const Goodbye = new amp.Command("Goodbye", {
  response: { goodbye: amp.String },
  responseType: amp.QuitBox,
});
const WaitForever = new amp.Command("wait_forever");
const GetList = new amp.Command("getlist", {
  arguments: { length: amp.Integer },
  response: { body: amp.AmpList({ x: amp.Integer }) },
});
const DontRejectMe = new amp.Command("dontrejectme", {
  arguments: {
    magicWord: amp.Unicode,
    list: amp.optional(amp.AmpList({ name: amp.Unicode })),
  },
  response: { response: amp.Unicode },
});

/** Both sides of most tests. */
class Symmetric extends amp.AMP {
  greeted = false;
  readonly waiting = new Deferred<void>();

  constructor() {
    super();
    this.responder(Hello, ({ hello, print }) => this.#greet(text(hello), print));
    this.responder(GetList, ({ length }) => ({ body: Array(length).fill({ x: 1 }) }));
    this.responder(DontRejectMe, ({ list }) => ({
      response: list === undefined ? "list omitted" : `${list[0]?.name} accepted`,
    }));
    this.responder(WaitForever, () => this.waiting);
    this.responder(Goodbye, () => ({ goodbye: bytes("everyone") }));
  }

  amp_SHOUT(box: amp.AmpBox): amp.AmpBox {
    return new amp.AmpBox({ text: text(box.get("text")).toUpperCase() });
  }

  #greet(greeting: string, print: string | undefined): amp.Sendable<typeof hello.response> {
    if (greeting === "not understood") throw new TypeError("I do not understand that");
    if (greeting === "rude") throw new UnfriendlyGreeting("Do not be rude");
    if (greeting === "die") throw new DeathThreat("aieeeee");
    this.greeted = true;
    return { hello: bytes(greeting), print };
  }
}

const world = { hello: bytes("world") };

cleanTest("AMP.callRemote() fires with the answer", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(Hello, world);
  assertNoResult(answer);
  pair.pump.flush();
  assertEquals(successResultOf(answer), world);
  assertEquals([pair.client.greeted, pair.server.greeted], [false, true]);
});

cleanTest("AMP.callRemote() works in both directions at once", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric, { chunkSize: 1 });
  const answers = [pair.client, pair.server].map((side) => side.callRemote(Hello, world));
  pair.pump.flush();
  for (const answer of answers) assertEquals(successResultOf(answer), world);
});

cleanTest("AMP.callRemote() sends text of any language", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const args = { ...world, print: "wor\u1234ld" };
  const answer = pair.client.callRemote(Hello, args);
  pair.pump.flush();
  assertEquals(successResultOf(answer), args);
});

cleanTest("AMP.callRemote() can be awaited", async () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(GetList, { length: 2 });
  pair.pump.flush();
  const { body } = await answer;
  assertEquals(body, [{ x: 1 }, { x: 1 }]);
});

cleanTest("AMP.callRemoteString() calls a method of the peer", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemoteString("shout", { text: "hello" });
  pair.pump.flush();
  assertEquals(text(successResultOf(answer).get("text")), "HELLO");
});

cleanTest("AMP.callRemote() of an unknown command fails, and the connection stays open", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answers = [pair.client.callRemoteString("WTF"), pair.client.callRemote(Missing)];
  pair.pump.flush();
  for (const answer of answers) failureResultOf(answer, amp.UnhandledCommand);
  const answer = pair.client.callRemote(Hello, world);
  pair.pump.flush();
  successResultOf(answer);
});

cleanTest("AMP ignores arguments that it does not know", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(FutureHello, { ...world, bonus: bytes("new") });
  pair.pump.flush();
  assertEquals(successResultOf(answer), world);
});

cleanTest("AMP.callRemote() throws TooLong for a value that is too long", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const error = assertThrows(
    () => pair.client.callRemote(Hello, { hello: new Uint8Array(65536) }),
    amp.TooLong,
  );
  assertEquals([error.isKey, error.isLocal, error.keyName], [false, true, "hello"]);
  assertEquals(pair.client.pendingCalls, 0);
});

cleanTest("AMP sends errors that a command defines, and logs nothing", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(Hello, { hello: bytes("rude") });
  pair.pump.flush();
  assertEquals(failureResultOf(answer, UnfriendlyGreeting).message, "Do not be rude");
  assertEquals(pair.clientReason, null);
});

cleanTest("AMP closes after a fatal error, and logs nothing", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(Hello, { hello: bytes("die") });
  pair.pump.flush();
  failureResultOf(answer, DeathThreat);
  failureResultOf(pair.client.callRemote(Hello, world), RequestLost);
});

cleanTest("AMP logs an error that no command defines, and closes", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(Hello, { hello: bytes("not understood") });
  pair.pump.flush();
  const error = failureResultOf(answer, amp.UnknownRemoteError);
  assertEquals([error.errorCode, error.description], ["UNKNOWN", "Unknown Error"]);
  failureResultOf(pair.client.callRemote(Hello, world), RequestLost);
  assertEquals(flushLoggedErrors(TypeError).length, 1);
});

cleanTest("AMP drops an answer that comes after the connection was lost", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(WaitForever);
  pair.pump.flush();
  assertNoResult(answer);
  assertEquals([pair.client.pendingCalls, pair.server.pendingCommands], [1, 1]);
  pair.server.transport.loseConnection();
  pair.pump.flush();
  assertInstanceOf(failureResultOf(answer, RequestLost).cause, ConnectionDone);
  pair.server.waiting.callback();
  assertEquals(pair.server.pendingCommands, 0);
});

cleanTest("AMP.callRemote() of a command without an answer calls its responder", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  assertStrictEquals(pair.client.callRemote(NoAnswerHello, world), undefined);
  pair.pump.flush();
  assertEquals(pair.server.greeted, true);
});

cleanTest("AMP closes when a command without an answer fails", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  pair.client.callRemote(NoAnswerHello, { hello: bytes("rude") });
  pair.pump.flush();
  assertEquals(flushLoggedErrors(amp.RemoteAmpError).length, 1);
  failureResultOf(pair.client.callRemote(Hello, world), RequestLost);
  assertEquals(pair.server.greeted, false);
  assertStrictEquals(pair.client.callRemote(NoAnswerHello, world), undefined);
});

cleanTest("AMP requires a valid result, even if no answer is sent", () => {
  class Bad extends Symmetric {
    constructor() {
      super();
      // A responder without types may return any value.
      this.responder(NoAnswerHello, () => undefined as never);
    }
  }
  using pair = connectedServerAndClient(Bad, Symmetric);
  pair.client.callRemote(NoAnswerHello, world);
  pair.pump.flush();
  assertEquals(flushLoggedErrors(amp.BadLocalReturn).length, 1);
});

cleanTest("AMP answers whenever the caller asks, as requiresAnswer is the caller's choice", () => {
  class NoAnswer extends Symmetric {
    constructor() {
      super();
      this.responder(NoAnswerHello, ({ hello }) => ({ hello: bytes(`${text(hello)}-noanswer`) }));
    }
  }
  using pair = connectedServerAndClient(NoAnswer, Symmetric);
  const answer = pair.client.callRemote(Hello, world);
  pair.pump.flush();
  assertEquals(successResultOf(answer), { hello: bytes("world-noanswer") });
});

cleanTest("AMP.callRemote() sends lists of objects, which may be omitted", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const list = pair.client.callRemote(GetList, { length: 10 });
  const omitted = pair.client.callRemote(DontRejectMe, { magicWord: "please" });
  const present = pair.client.callRemote(DontRejectMe, {
    magicWord: "please",
    list: [{ name: "foo" }],
  });
  pair.pump.flush();
  assertEquals(successResultOf(list).body, Array(10).fill({ x: 1 }));
  assertEquals(successResultOf(omitted), { response: "list omitted" });
  assertEquals(successResultOf(present), { response: "foo accepted" });
});

cleanTest("AMP closes after a QuitBox, whose answer arrives", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const answer = pair.client.callRemote(Goodbye);
  pair.pump.flush();
  assertEquals(successResultOf(answer), { goodbye: bytes("everyone") });
  failureResultOf(pair.client.callRemote(Hello, world), RequestLost);
});

cleanTest("AMP sends the box that the protocol prescribes", () => {
  using pair = connectedServerAndClient(TestPeer, Symmetric);
  const answer = pair.client.callRemote(Hello, { ...world, print: "x" });
  pair.pump.flush();
  assertEquals(amp.parseString(pair.server.data), [
    new amp.AmpBox({ hello: "world", print: "x", _command: "hello", _ask: "1" }),
  ]);
  pair.server.send(new amp.AmpBox({ _answer: "1", hello: "you" }).serialize());
  pair.pump.flush();
  assertEquals(successResultOf(answer), { hello: bytes("you") });
});

cleanTest("AMP.ampBoxReceived() throws NoEmptyBoxes for a box without keys", () => {
  assertThrows(() => new amp.AMP().ampBoxReceived(new amp.AmpBox()), amp.NoEmptyBoxes);
});

cleanTest("AMP closes, and fails its calls, when a box belongs to no call", () => {
  for (const contents of [{ a: "1" }, { _answer: "9" }, { _error: "1" }]) {
    using pair = connectedServerAndClient(TestPeer, Symmetric);
    const answer = pair.client.callRemote(Hello, world);
    pair.server.send(new amp.AmpBox(Object.entries(contents)).serialize());
    pair.pump.flush();
    const { cause } = failureResultOf(answer, RequestLost);
    assertInstanceOf<amp.AmpError>(
      cause,
      "a" in contents ? amp.NoEmptyBoxes : amp.MalformedAmpBox,
    );
  }
});

cleanTest("AMP closes, and logs nothing, if it cannot handle a command without an answer", () => {
  for (const command of ["other", "hello"]) {
    using pair = connectedServerAndClient(Symmetric, Symmetric);
    const answer = pair.server.callRemote(WaitForever);
    pair.client.sendBox(new amp.AmpBox({ _command: command }));
    pair.pump.flush();
    const { cause, message } = failureResultOf(answer, RequestLost);
    assertInstanceOf(cause, amp.MalformedAmpBox);
    assert(message.includes(command === "other" ? "Unhandled Command" : "is missing"), message);
    assertEquals(pair.serverReason?.name, "ConnectionDone");
  }
});

cleanTest("AMP closes, and fails its calls with TooLong, when a key is too long", () => {
  using pair = connectedServerAndClient(TestPeer, Symmetric);
  const answer = pair.client.callRemote(Hello, world);
  pair.server.send(new Uint8Array([1, 0]));
  pair.pump.flush();
  assertInstanceOf(failureResultOf(answer, RequestLost).cause, amp.TooLong);
});

/** Receives boxes, and does nothing with them. */
class Literal extends amp.AMP {
  readonly boxes: amp.AmpBox[] = [];

  override ampBoxReceived(box: amp.AmpBox): void {
    this.boxes.push(box);
  }
}

cleanTest("AMP.ampBoxReceived() may be overridden to receive any boxes", () => {
  using pair = connectedServerAndClient(Literal, Literal, { chunkSize: 3 });
  const boxes = [
    { simple: "test" },
    { simple: "test", body: "blah\r\n\r\ntesttest" },
    { ceq: ": ", crtest: "test\r", lftest: "hello\n" },
    { newline: "test\r\none\r\ntwo", newline2: "test\r\none\r\n two" },
  ].map((contents) => new amp.AmpBox(contents));
  for (const box of boxes) box.sendTo(pair.client);
  pair.pump.flush();
  assertEquals(pair.server.boxes, boxes);
});

cleanTest("AMP() uses another locator, and another receiver of boxes", () => {
  const locator = new amp.CommandLocator();
  locator.responder(Hello, () => ({ hello: bytes("shared") }));
  const factory = Factory.forProtocol(() => new amp.AMP({ locator }));
  using pair = connectedServerAndClient(factory, amp.AMP);
  const answer = pair.client.callRemote(Hello, world);
  pair.pump.flush();
  assertEquals(successResultOf(answer), { hello: bytes("shared") });

  const boxReceiver = new Literal();
  const protocol = new amp.AMP({ boxReceiver });
  protocol.makeConnection(new StringTransport());
  protocol.dataReceived(new amp.AmpBox({ a: "1" }).serialize());
  assertEquals(boxReceiver.boxes, [new amp.AmpBox({ a: "1" })]);
});

cleanTest("AMP passes itself to the types of arguments", () => {
  /** The peer's address, which is not sent. */
  class TransportPeer extends amp.Argument<string> {
    override fromBox(
      name: string,
      _box: amp.AmpBox,
      objects: amp.ArgumentValues,
      protocol: object | null,
    ): void {
      assert(protocol instanceof amp.AMP);
      objects[name] = `${protocol.transport.getPeer()}`;
    }

    override toBox(): void {}

    override encode(): Uint8Array {
      return new Uint8Array(0);
    }

    override decode(): string {
      return "";
    }
  }
  const WhoAmI = new amp.Command("WhoAmI", {
    arguments: { from: amp.optional(new TransportPeer()) },
    response: { address: amp.Unicode },
  });
  class Server extends amp.AMP {
    constructor() {
      super();
      this.responder(WhoAmI, ({ from = "" }) => ({ address: from }));
    }
  }
  using pair = connectedServerAndClient(Server, amp.AMP);
  const answer = pair.client.callRemote(WhoAmI);
  pair.pump.flush();
  assertEquals(successResultOf(answer), { address: "" });
});

class InheritedError extends Error {}
class OtherInheritedError extends Error {}

const Base = new amp.Command("Base", { errors: { INHERITED_ERROR: InheritedError } });
const Inherited = new amp.Command("Inherited", { errors: { ...Base.errors } });
const AddErrors = new amp.Command("AddErrors", {
  arguments: { other: amp.Boolean },
  errors: { ...Base.errors, OTHER_INHERITED_ERROR: OtherInheritedError },
});

cleanTest("Command() may take over the errors of another command, and add some", () => {
  class Failing extends amp.AMP {
    constructor() {
      super();
      const inherited = (): never => {
        throw new InheritedError();
      };
      this.responder(Base, inherited);
      this.responder(Inherited, inherited);
      this.responder(AddErrors, ({ other }) => {
        throw other ? new OtherInheritedError() : new InheritedError();
      });
    }
  }
  using pair = connectedServerAndClient(Failing, Failing);
  const { client, pump } = pair;
  const [base, inherited] = [client.callRemote(Base), client.callRemote(Inherited)];
  const [added, original] = [true, false].map((other) => client.callRemote(AddErrors, { other }));
  pump.flush();
  for (const answer of [base, inherited, original]) {
    assert(answer !== undefined);
    failureResultOf(answer, InheritedError);
  }
  assert(added !== undefined);
  failureResultOf(added, OtherInheritedError);
});

cleanTest("AMP.callRemote() drops the answer of a call that timed out", () => {
  using pair = connectedServerAndClient(Symmetric, Symmetric);
  const { client, server, clock, pump } = pair;
  const late = client.callRemote(WaitForever, {}, { timeout: 5, clock });
  pump.flush();
  clock.advance(5);
  failureResultOf(late);
  server.waiting.callback();
  const answer = client.callRemote(Hello, world);
  pump.flush();
  assertEquals(successResultOf(answer), world);
});

cleanTest("AMP.dataReceived() does not throw, whatever boxes the peer sends", () => {
  const keys = fc.constantFrom(
    "_ask",
    "_answer",
    "_command",
    "_error",
    "_error_code",
    "hello",
    "é",
  );
  const values = fc.oneof(
    fc.constantFrom("hello", "getlist", "wait_forever", "Goodbye", "1", "2", "rude", "die"),
    fc.string({ maxLength: 4 }),
  );
  const contents = fc.array(fc.tuple(keys, values), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(fc.array(contents, { maxLength: 6 }), fc.uint8Array(), (all, rest) => {
    using pair = connectedServerAndClient(Symmetric, TestPeer);
    const answer = pair.server.callRemote(Hello, world);
    const boxes = all.map((each) => new amp.AmpBox(each).serialize());
    pair.client.send(new Uint8Array([...boxes.flatMap((box) => [...box]), ...rest]));
    pair.pump.flush();
    answer.addErrback(() => {});
    // Errors of responders are logged. One that dataReceived() threw would be the reason.
    flushLoggedErrors();
    const { serverReason } = pair;
    assert(serverReason === null || serverReason.name === "ConnectionDone", `${serverReason}`);
  }));
});
