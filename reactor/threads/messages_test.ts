import { assertEquals, assertInstanceOf } from "@std/assert";
import { isThreadMessage, type ThreadMessage } from "./messages.ts";
import { deserializeError, serializeError } from "./serialized_error.ts";

Deno.test("isThreadMessage() returns true only for the messages that a thread sends", () => {
  const error = serializeError(new Error("boom"));
  const messages: ThreadMessage[] = [
    { type: "result", value: undefined },
    { type: "failure", error },
    { type: "unloadable", error },
    { type: "call", argument: 0, args: [] },
    { type: "crash", error },
    { type: "outOfMemory" },
  ];
  assertEquals(messages.filter((message) => !isThreadMessage(message)), []);
  const others = [null, undefined, 9, "result", [], {}, { type: "cancel" }, { type: "call" }];
  assertEquals(others.filter(isThreadMessage), []);
});

Deno.test("deserializeError() turns a malformed description into an error that reports it", () => {
  for (const sent of [undefined, null, 9, [null], [{ kind: "Error", properties: 5 }]]) {
    // A thread whose built-in objects were changed may send any value.
    const { message } = deserializeError(sent as unknown as ReturnType<typeof serializeError>);
    assertEquals(
      message,
      "Cannot restore an error from a thread: its description is malformed",
    );
  }
});

Deno.test("deserializeError() restores an error of an unknown class as an Error", () => {
  for (const kind of ["NoSuchError", "constructor", "toString"]) {
    assertInstanceOf(deserializeError([{ kind, properties: [] }]), Error);
  }
});
