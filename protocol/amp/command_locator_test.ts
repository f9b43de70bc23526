/** `CommandLocatorTests` of Twisted's `test_amp.py`; see `amp_test.ts`. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred, fail, succeed } from "../../defer/mod.ts";
import { failureResultOf, successResultOf } from "../../testing/mod.ts";
import {
  AMP,
  AmpBox,
  BadLocalReturn,
  Command,
  CommandLocator,
  Integer,
  MalformedAmpBox,
  RemoteAmpError,
  SimpleStringLocator,
  Unicode,
} from "./mod.ts";

const SimpleGreeting = new Command("simple", {
  arguments: { greeting: Unicode, cookie: Integer },
  response: { cookieplus: Integer },
  errors: { RANGE: RangeError },
});
const CALL = new AmpBox({ greeting: "ni hao", cookie: "5" });

class GreetingLocator extends CommandLocator {
  readonly greetings: [greeting: string, cookie: number][] = [];

  constructor() {
    super();
    this.responder(SimpleGreeting, ({ greeting, cookie }) => {
      this.greetings.push([greeting, cookie]);
      return { cookieplus: cookie + 3 };
    });
  }
}

/** Calls the responder of a locator. */
function call(
  locator: { locateResponder: CommandLocator["locateResponder"] },
  box: AmpBox = CALL,
): Deferred<AmpBox> {
  const answer = locator.locateResponder("simple")?.(box);
  assert(answer instanceof Deferred);
  return answer;
}

Deno.test("CommandLocator.locateResponder() decodes the arguments, and encodes the result", () => {
  const locator = new GreetingLocator();
  assertEquals(successResultOf(call(locator)), new AmpBox({ cookieplus: "8" }));
  assertEquals(locator.greetings, [["ni hao", 5]]);
});

Deno.test("CommandLocator.responder() of a subclass replaces the inherited responder", () => {
  class Overriding extends GreetingLocator {
    constructor() {
      super();
      this.responder(SimpleGreeting, ({ cookie }) => ({ cookieplus: cookie + 4 }));
    }
  }
  class Inheriting extends Overriding {}
  for (const locator of [new Overriding(), new Inheriting()]) {
    assertEquals(successResultOf(call(locator)), new AmpBox({ cookieplus: "9" }));
  }
});

Deno.test("CommandLocator.locateResponder() returns null for an unknown command", () => {
  for (const name of ["other", "toString", "__proto__"]) {
    assertStrictEquals(new GreetingLocator().locateResponder(name), null);
  }
});

Deno.test("CommandLocator.responder() accepts responders that return Deferreds and promises", async () => {
  const answer = { cookieplus: 1 };
  const box = new AmpBox({ cookieplus: "1" });
  const withDeferred = new CommandLocator().responder(SimpleGreeting, () => succeed(answer));
  assertEquals(successResultOf(call(withDeferred)), box);
  const withPromise = new CommandLocator().responder(SimpleGreeting, () => Promise.resolve(answer));
  assertEquals(await call(withPromise), box);
});

Deno.test("CommandLocator sends errors that the command defines", async () => {
  const error = new RangeError("too far");
  const responders = [
    () => {
      throw error;
    },
    () => fail(error),
    () => Promise.reject(error),
  ];
  for (const responder of responders) {
    const answer = call(new CommandLocator().responder(SimpleGreeting, responder));
    const failure = await answer.addCallbacks(() => null, (failure) => failure);
    assert(failure instanceof RemoteAmpError);
    assertEquals([failure.errorCode, failure.description], ["RANGE", "too far"]);
    assertStrictEquals(failure.cause, error);
  }
});

Deno.test("CommandLocator passes on errors that the command does not define", () => {
  const error = new TypeError("unknown");
  const locator = new CommandLocator().responder(SimpleGreeting, () => fail(error));
  assertStrictEquals(failureResultOf(call(locator), TypeError), error);
});

Deno.test("CommandLocator fails with BadLocalReturn for a result that does not fit", () => {
  // A responder without types may return any value.
  const locator = new CommandLocator().responder(SimpleGreeting, () => null as never);
  const error = failureResultOf(call(locator), BadLocalReturn);
  assert(error.message.includes('The responder of "simple" returned null'), error.message);
});

Deno.test("CommandLocator throws MalformedAmpBox for arguments that it cannot decode", () => {
  const responder = new GreetingLocator().locateResponder("simple");
  assertThrows(() => responder?.(new AmpBox({ greeting: "" })), MalformedAmpBox);
});

Deno.test("CommandLocator.responder() checks its arguments", () => {
  // Callers without types may pass any value.
  const locator = new CommandLocator() as unknown as { responder(...args: unknown[]): void };
  assertThrows(() => locator.responder("simple", () => {}), TypeError, "command must be a Command");
  assertThrows(() => locator.responder(SimpleGreeting, null), TypeError, "f must be a function");
});

class Simple extends SimpleStringLocator {
  readonly #suffix = "!";
  readonly amp_VALUE = 5;

  amp_HELLO(box: AmpBox): AmpBox {
    return new AmpBox([...box, ["suffix", this.#suffix]]);
  }
}

Deno.test("SimpleStringLocator.locateResponder() returns the method for a name", () => {
  const responder = new Simple().locateResponder("hello");
  assertEquals(responder?.(new AmpBox({ a: "1" })), new AmpBox({ a: "1", suffix: "!" }));
});

Deno.test("SimpleStringLocator.locateResponder() returns null if there is no such method", () => {
  for (const name of ["other", "value", "", "constructor"]) {
    assertStrictEquals(new Simple().locateResponder(name), null);
  }
});

Deno.test("AMP.locateResponder() prefers an added responder to a method", () => {
  class Both extends AMP {
    amp_SIMPLE(): AmpBox {
      return new AmpBox({ by: "method" });
    }
  }
  const protocol = new Both();
  assertEquals(protocol.locateResponder("simple")?.(CALL), new AmpBox({ by: "method" }));
  protocol.responder(SimpleGreeting, () => ({ cookieplus: 7 }));
  assertEquals(successResultOf(call(protocol)), new AmpBox({ cookieplus: "7" }));
});
