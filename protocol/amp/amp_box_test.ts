/** `AmpBoxTests` of Twisted's `test_amp.py`; see `amp_test.ts`. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AmpBox, type IBoxSender, parseString, QuitBox, TooLong } from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A sender that records its calls. */
class Calls implements IBoxSender {
  readonly calls: unknown[] = [];

  sendBox(box: AmpBox): void {
    this.calls.push(box);
  }

  unhandledError(error: Error): void {
    this.calls.push(error);
  }

  loseConnection(): void {
    this.calls.push("lose");
  }
}

Deno.test("AmpBox.serialize() writes lengths, keys and values, and an empty key", () => {
  assertEquals(
    new AmpBox({ foo: "bar", x: "" }).serialize(),
    bytes("\x00\x03foo\x00\x03bar\x00\x01x\x00\x00\x00\x00"),
  );
});

Deno.test("AmpBox.serialize() writes the keys in the order in which they were set", () => {
  const box = new AmpBox([["b", "1"], ["a", "2"]]).set("b", bytes("3"));
  assertEquals(box.serialize(), bytes("\x00\x01b\x00\x013\x00\x01a\x00\x012\x00\x00"));
});

Deno.test("AmpBox.serialize() encodes keys as UTF-8", () => {
  assertEquals(
    [...new AmpBox({ "é": "1" }).serialize()],
    [0, 2, 0xc3, 0xa9, 0, 1, 0x31, 0, 0],
  );
});

Deno.test("AmpBox.serialize() accepts keys of 255 bytes, and values of 65535", () => {
  const box = new AmpBox([["k".repeat(255), new Uint8Array(65535).fill(7)]]);
  assertEquals(parseString(box.serialize()), [box]);
});

Deno.test("AmpBox.serialize() throws TooLong for a longer key", () => {
  for (const key of ["H".repeat(256), "é".repeat(128)]) {
    const error = assertThrows(() => new AmpBox({ [key]: "hi" }).serialize(), TooLong, "key");
    assertEquals(
      [error.isKey, error.isLocal, error.keyName, error.length],
      [true, true, null, 256],
    );
    assert(error.message.includes("256"));
  }
});

Deno.test("AmpBox.serialize() throws TooLong for a longer value, with its key", () => {
  const box = new AmpBox({ hello: "H".repeat(65536) });
  const error = assertThrows(() => box.serialize(), TooLong, 'the value of "hello"');
  assertEquals(
    [error.isKey, error.isLocal, error.keyName, error.length],
    [false, true, "hello", 65536],
  );
});

Deno.test("AmpBox.serialize() throws for an empty key, which would end the box", () => {
  assertThrows(() => new AmpBox({ "": "x" }).serialize(), TypeError, "one of its keys is empty");
});

Deno.test("AmpBox.serialize() throws for a value that is not bytes", () => {
  const box = new AmpBox();
  Reflect.apply(Map.prototype.set, box, ["key", "value"]);
  assertThrows(() => box.serialize(), TypeError, 'the value of "key" must be a Uint8Array');
});

Deno.test("AmpBox() copies another box", () => {
  const box = new AmpBox({ a: "1" });
  const copy = new AmpBox(box).set("b", bytes("2"));
  assertEquals([[...box.keys()], [...copy.keys()]], [["a"], ["a", "b"]]);
});

Deno.test("AmpBox.sendTo() sends the box", () => {
  const [sender, box] = [new Calls(), new AmpBox({ a: "1" })];
  box.sendTo(sender);
  assertEquals(sender.calls.length, 1);
  assertStrictEquals(sender.calls[0], box);
});

Deno.test("QuitBox.sendTo() sends the box, and closes the connection", () => {
  const [sender, box] = [new Calls(), new QuitBox({ a: "1" })];
  box.sendTo(sender);
  assertEquals(sender.calls, [box, "lose"]);
});

Deno.test("parseString() returns the boxes that serialize() has written", () => {
  const key = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
  const contents = fc.uniqueArray(fc.tuple(key, fc.uint8Array({ maxLength: 300 })), {
    selector: ([name]) => name,
    maxLength: 8,
  });
  fc.assert(fc.property(fc.array(contents, { maxLength: 5 }), (all) => {
    const boxes = all.map((each) => new AmpBox(each));
    const data = boxes.flatMap((box) => [...box.serialize()]);
    assertEquals(parseString(new Uint8Array(data)), boxes);
  }));
});
