/**
 * The decoder of commands. The vectors whose test says "of Redis" are from
 * `tests/unit/protocol.tcl` of https://github.com/redis/redis; the rules of quotes are those of `sdssplitargs` in its
 * `src/sds.c`.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import {
  chunksAt,
  chunksOfSize,
  decodeChunks,
  decodeEverySplit,
  latin1Bytes,
} from "../../testing/fixtures/split_input.ts";
import {
  CommandDecoder,
  type CommandDecoderOptions,
  CommandSyntaxError,
  encodeCommand,
  type RESPCommand,
} from "./mod.ts";

const latin1 = new TextDecoder("latin1");

/** Returns the name and the arguments, with one character for each byte. */
const wordsOf = (command: RESPCommand): string[] => [
  command.sentName,
  ...command.args().map((argument) => latin1.decode(argument)),
];

/** Decodes a text in every split. Returns the words of the commands, and the error. */
function decode(text: string, options?: CommandDecoderOptions): unknown[] {
  return decodeEverySplit(() => new CommandDecoder(options), latin1Bytes(text), wordsOf);
}

const failure = (reason: string, offset: number): string =>
  `CommandSyntaxError: Cannot receive a command: ${reason} (at byte ${offset} of the input)`;

Deno.test("CommandDecoder.next() returns commands with their arguments", () => {
  assertEquals(decode("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nset\r\n$1\r\nk\r\n$4\r\na\r\n\xff\r\n"), [
    ["PING"],
    ["set", "k", "a\r\n\xff"],
  ]);
});

Deno.test("RESPCommand.copy() returns an argument without the memory in which it arrived", () => {
  const bytes = encodeCommand(["set", "key", "value", "x".repeat(5000)]);
  const decoder = new CommandDecoder();
  decoder.push(bytes);
  const command = decoder.next();
  assert(command !== null);
  const copies = [0, 1, 2].map((index) => command.copy(index));
  bytes.fill(0);
  assertEquals(copies.map((copy) => latin1.decode(copy)), ["key", "value", "x".repeat(5000)]);
  // The block of small copies is shared, and a large copy has memory of its own.
  assertEquals(copies.map(({ buffer }) => buffer.byteLength), [16384, 16384, 5000]);
  const message = "Cannot read the argument 3 of SET: it has 3 arguments";
  assertThrows(() => command.copy(3), RangeError, message);
});

Deno.test("RESPCommand has its name in upper case, and arguments as bytes or text", () => {
  const decoder = new CommandDecoder();
  decoder.push(encodeCommand(["config", "gét", new Uint8Array([0xff]), 7]));
  const command = decoder.next();
  assert(command !== null);
  assertEquals([command.name, command.sentName, command.length], ["CONFIG", "config", 3]);
  assertEquals([command.text(0), command.text(1), command.text(2)], ["gét", "\ufffd", "7"]);
  assertEquals(command.bytes(1), new Uint8Array([0xff]));
  assertEquals(command.texts(), ["gét", "\ufffd", "7"]);
  assertEquals(command.args(), [
    new TextEncoder().encode("gét"),
    command.bytes(1),
    latin1Bytes("7"),
  ]);
  for (const index of [-1, 3, 0.5]) {
    assertThrows(
      () => command.bytes(index),
      RangeError,
      `Cannot read the argument ${index} of CONFIG: it has 3 arguments`,
    );
    assertThrows(() => command.text(index), RangeError);
  }
});

const VECTORS: readonly (readonly [name: string, text: string, outcome: unknown[]])[] = [
  ["Handle an empty query", "\r\nping\r\n", [["ping"]]],
  ["Negative multibulk length", "*-10\r\nping\r\n", [["ping"]]],
  ["Out of range multibulk length", "*20000000\r\n", [failure("invalid multibulk length", 0)]],
  [
    "Wrong multibulk payload header",
    "*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n",
    [failure("expected '$', got 'f'", 20)],
  ],
  [
    "Negative multibulk payload length",
    "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n",
    [failure("invalid bulk length", 20)],
  ],
  [
    "Out of range multibulk payload length",
    "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n",
    [failure("invalid bulk length", 20)],
  ],
  [
    "Non-number multibulk payload length",
    "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n",
    [failure("invalid bulk length", 20)],
  ],
  [
    "Multi bulk request not followed by bulk arguments",
    "*1\r\nfoo\r\n",
    [failure("expected '$', got 'f'", 4)],
  ],
];

for (const [name, text, outcome] of VECTORS) {
  Deno.test(`CommandDecoder.next() passes "${name}" of Redis`, () => {
    assertEquals(decode(text), outcome);
  });
}

Deno.test("CommandDecoder.next() refuses a stream out of step, as the tests of Redis", () => {
  for (
    const [start, reason] of [
      ["\x00", "too big inline request"],
      ["*\x00", "too big mbulk count string"],
      ["$\x00", "too big inline request"],
    ] as const
  ) {
    const decoder = new CommandDecoder({ maxInlineLength: 1000 });
    const chunks = [latin1Bytes(start), ...Array(5).fill(latin1Bytes("A".repeat(1024)))];
    assertEquals(decodeChunks(decoder, chunks), [failure(reason, 0)]);
  }
});

Deno.test("CommandDecoder.next() skips empty commands and lines without keeping them", () => {
  const decoder = new CommandDecoder();
  decoder.push(latin1Bytes("*0\r\n\r\n\n  \r\n*-1\r\n"));
  assertStrictEquals(decoder.next(), null);
  assertStrictEquals(decoder.buffered, 0);
  decoder.finish();
  assertEquals(decode("*0\r\n\n*1\r\n$1\r\na\r\n*0\r\n"), [["a"]]);
});

const INLINE: readonly (readonly [line: string, words: string[]])[] = [
  ["set key value", ["set", "key", "value"]],
  ["  set\tkey \x0b value  ", ["set", "key", "value"]],
  ["set \"a b\" 'c d'", ["set", "a b", "c d"]],
  ['e "\\x41\\xfF\\n\\r\\t\\b\\a\\"\\\\\\q"', ["e", 'A\xff\n\r\t\b\x07"\\q']],
  ['"\\xg1\\x4"', ["xg1x4"]],
  ["'a\\'b\\n\"'", ["a'b\\n\""]],
  ['pre"fix ed" next', ["prefix ed", "next"]],
  ["\"\" ''", ["", ""]],
  ["a\\x41", ["a\\x41"]],
  ["ping\0ignored words", ["ping"]],
];

for (const [line, words] of INLINE) {
  Deno.test(`CommandDecoder.next() splits the inline command ${JSON.stringify(line)}`, () => {
    assertEquals(decode(`${line}\r\n${line}\n`), [words, words]);
  });
}

for (const line of ['"open', "'open", '"a"b', "'a'b", '"a\\"', '"a\0b"', '"\\']) {
  Deno.test(`CommandDecoder.next() refuses the inline command ${JSON.stringify(line)}`, () => {
    assertEquals(decode(`ping\n${line}\r\n`), [
      ["ping"],
      failure("unbalanced quotes in request", 5),
    ]);
  });
}

Deno.test("CommandDecoder.next() throws for an inline command beyond maxInlineLength", () => {
  const options = { maxInlineLength: 4 };
  assertEquals(decode("ping\r\nping\n", options), [["ping"], ["ping"]]);
  assertEquals(decode("pings\r\n", options), [failure("too big inline request", 0)]);
  assertEquals(decode("pin\rg\n", options), [failure("too big inline request", 0)]);
  assertEquals(decode("pings", options), [failure("too big inline request", 0)]);
});

Deno.test("CommandDecoder.next() throws for lengths beyond the limits", () => {
  assertEquals(decode("*2\r\n$1\r\na\r\n$1\r\nb\r\n", { maxArguments: 2 }), [["a", "b"]]);
  assertEquals(decode("*3\r\n", { maxArguments: 2 }), [failure("invalid multibulk length", 0)]);
  assertEquals(decode("*1\r\n$3\r\nabc\r\n", { maxBulkLength: 3 }), [["abc"]]);
  assertEquals(decode("*1\r\n$4\r\n", { maxBulkLength: 3 }), [failure("invalid bulk length", 4)]);
});

Deno.test("CommandDecoder.next() throws for a command beyond maxLength", () => {
  const options = { maxLength: 18 };
  assertEquals(decode("*2\r\n$1\r\na\r\n$1\r\nb\r\n", options), [["a", "b"]]);
  const error = failure("command exceeds 18 bytes", 0);
  assertEquals(decode("*2\r\n$1\r\na\r\n$2\r\nbc\r\n", options), [error]);
  assertEquals(decode("*2\r\n$5\r\nabcde\r\n$x2", options), [error]);
  // A command that cannot be complete within the limit is too long, before more bytes arrive.
  assertEquals(decode("*2\r\n$8\r\nabcdefgh\r\n", options), [error]);
  assertEquals(decode("*2\r\n$3\r\nabc\r\n$0001\r\n", options), [error]);
});

Deno.test("CommandDecoder.next() throws for line ends that are not CR LF", () => {
  assertEquals(decode("*1\n$1\r\na\r\n"), [failure("expected CR before LF", 2)]);
  assertEquals(decode("*1\r$1\r\na\r\n"), [failure("expected LF after CR", 2)]);
  assertEquals(decode("*1\r\n$1\r\nabc"), [failure("expected CRLF after a bulk string", 9)]);
  assertEquals(decode("*1\r\n$00000000000000000000001\r\n"), [
    failure("too big bulk count string", 4),
  ]);
});

Deno.test("CommandDecoder.next() throws an error with the reason in the words of Redis", () => {
  const decoder = new CommandDecoder();
  decoder.push(latin1Bytes("*1\r\n\n"));
  const error = assertThrows(() => decoder.next(), CommandSyntaxError);
  assertEquals([error.reason, error.offset], ["expected '$', got '\\n'", 4]);
});

Deno.test("CommandDecoder.finish() throws within a command", () => {
  assertEquals(decode("ping\r\n*1\r\n$4\r\nPI"), [
    ["ping"],
    "IncompleteFrameError: Cannot complete a command: the input ends after 10 of its bytes " +
    "(at byte 6 of the input)",
  ]);
});

Deno.test("CommandDecoder() throws for invalid limits", () => {
  for (const name of ["maxBulkLength", "maxArguments", "maxLength", "maxInlineLength"]) {
    assertThrows(() => new CommandDecoder({ [name]: -1 }), RangeError, name);
  }
});

Deno.test("CommandDecoder.takeRest() returns the incomplete command and allows a new one", () => {
  const decoder = new CommandDecoder();
  for (const rest of ["*2\r\n$1\r\na\r\n$3\r\nb", "*", "pin", "*1\r\nx"]) {
    decoder.push(latin1Bytes(`ping\n${rest}`));
    assertEquals(decoder.next()?.name, "PING");
    if (rest.endsWith("x")) assertThrows(() => decoder.next());
    else assertStrictEquals(decoder.next(), null);
    assertEquals(latin1.decode(decoder.takeRest()), rest);
  }
  decoder.push(latin1Bytes("*1\r\n$1\r\nz\r\n"));
  assertEquals(decoder.next()?.name, "Z");
});

Deno.test("CommandDecoder copies and searches each byte a limited number of times", () => {
  const size = 20_000;
  const texts = [
    `*2\r\n$3\r\nGET\r\n$${size}\r\n${"x".repeat(size)}\r\n`,
    `get ${"x".repeat(size)}\r\n`,
    "*1\r\n$4\r\nPING\r\n".repeat(size / 14),
  ];
  for (const text of texts) {
    const chunks = [...chunksOfSize(latin1Bytes(text), 1)];
    const cost = byteCost(() => decodeChunks(new CommandDecoder(), chunks, () => 0));
    assert(cost.copied < 4 * text.length, `${cost.copied} bytes copied`);
    assert(cost.searched < 2 * text.length, `${cost.searched} bytes searched`);
  }
});

Deno.test("CommandDecoder.next() returns the same commands from chunks of any size", () => {
  const commands = Array.from({ length: 200 }, (_, i) => ["SET", `key:${i}`, "v".repeat(i)]);
  const bytes = latin1Bytes(
    commands.map((words) => latin1.decode(encodeCommand(words))).join(""),
  );
  for (const size of [100, 150, 311, 1000, 4096, bytes.length]) {
    const chunks = chunksOfSize(bytes, size);
    assertEquals(decodeChunks(new CommandDecoder(), chunks, wordsOf), commands, `${size}`);
  }
});

Deno.test("CommandDecoder.next() gives the same commands for any words and any split", () => {
  const word = fc.oneof(
    fc.string(),
    fc.uint8Array().map((bytes) => Uint8Array.from(bytes)),
    fc.integer(),
    fc.bigInt(),
  );
  fc.assert(fc.property(
    fc.array(fc.array(word, { minLength: 1, maxLength: 5 }), { maxLength: 4 }),
    fc.array(fc.nat(), { maxLength: 8 }),
    (commands, cuts) => {
      const parts = commands.map(encodeCommand);
      const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
      const seen = decodeChunks(
        new CommandDecoder(),
        chunksAt(bytes, cuts),
        (command) => encodeCommand([command.sentName, ...command.args()]),
      );
      const whole = decodeChunks(
        new CommandDecoder(),
        [bytes.slice()],
        (command) => encodeCommand([command.sentName, ...command.args()]),
      );
      assertEquals(seen, whole);
      assertEquals(seen.length, commands.length);
    },
  ));
});

Deno.test("CommandDecoder.next() gives the same outcome for any split of damaged input", () => {
  const limits = { maxBulkLength: 9, maxArguments: 3, maxLength: 30, maxInlineLength: 8 };
  const pieces = fc.constantFrom(
    ..."*$0129-+ax \"'\\\0\r\n".split(""),
    "\r\n",
    "*1\r\n",
    "*2\r\n",
    "$3\r\nabc\r\n",
    "$1\r\na\r\n",
    "ping\r\n",
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (parts, cuts) => {
        const bytes = latin1Bytes(parts.join(""));
        const outcome = (chunks: Iterable<Uint8Array>): unknown[] =>
          decodeChunks(new CommandDecoder(limits), chunks, wordsOf);
        const whole = outcome([bytes.slice()]);
        assertEquals(outcome(chunksAt(bytes, cuts)), whole);
        assertEquals(outcome(chunksOfSize(bytes, 1)), whole);
      },
    ),
    { numRuns: 1000 },
  );
});
