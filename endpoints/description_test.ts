/**
 * Twisted's `internet/test/test_endpoints.py`: the tests of `ParserTests` for the grammar,
 * `test_escape`, `test_quoteStringArgument` and `test_impliedEscape`. The others are in
 * `from_string_test.ts`.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseDescription, quoteStringArgument } from "./description.ts";
import { EndpointDescriptionError } from "./description_error.ts";
import { anyCharacter } from "../testing/fixtures/any_text.ts";

/** The type of a description, and its arguments as values or pairs. */
function said(text: string): (string | [string, string])[] {
  const { type, arguments: args } = parseDescription(text);
  return [
    type.value,
    ...args.map(({ name, value }): string | [string, string] =>
      name === null ? value.value : [name.value, value.value]
    ),
  ];
}

Deno.test("parseDescription() splits at colons, and names arguments with an equals sign", () => {
  assertEquals(said("a:b:d=1:c"), ["a", "b", ["d", "1"], "c"]);
  assertEquals(said("tcp:80:interface=127.0.0.1"), ["tcp", "80", ["interface", "127.0.0.1"]]);
});

Deno.test("parseDescription() reads any character after a backslash literally", () => {
  assertEquals(said(String.raw`unix:foo\:bar\=baz\:qux\\`), [
    "unix",
    String.raw`foo:bar=baz:qux` + "\\",
  ]);
  assertEquals(said(String.raw`a\:b:c\=d=\e`), ["a:b", ["c=d", "e"]]);
});

Deno.test("parseDescription() ends a name at the first equals sign of an argument", () => {
  assertEquals(said("unix:address=foo=bar"), ["unix", ["address", "foo=bar"]]);
  assertEquals(said("unix:address=="), ["unix", ["address", "="]]);
});

Deno.test("parseDescription() ignores one colon after the type, and no other empty argument", () => {
  assertEquals(said("stdio"), ["stdio"]);
  assertEquals(said("stdio:"), ["stdio"]);
  assertEquals(said("tcp::"), ["tcp", "", ""]);
  assertEquals(said("tcp:80:"), ["tcp", "80", ""]);
  assertEquals(said("tcp:="), ["tcp", ["", ""]]);
});

Deno.test("parseDescription() returns the position of each piece in the string", () => {
  const { type, arguments: [first, second] } = parseDescription(String.raw`t\=:a\:b:n=v`);
  assertEquals(type, { value: "t=", start: 0, end: 3 });
  assertEquals(first, { name: null, value: { value: "a:b", start: 4, end: 8 } });
  assertEquals(second, {
    name: { value: "n", start: 9, end: 10 },
    value: { value: "v", start: 11, end: 12 },
  });
});

Deno.test("parseDescription() parses the rest of a string, with positions in the whole string", () => {
  const { text, type, arguments: [port] } = parseDescription("wrap:tcp:80", 5);
  assertEquals(text, "wrap:tcp:80");
  assertEquals(type, { value: "tcp", start: 5, end: 8 });
  assertEquals(port?.value, { value: "80", start: 9, end: 11 });
});

const WRONG: [text: string, offset: number, piece: string, problem: string][] = [
  ["", 0, "", `it must begin with an endpoint type, as in "tcp:80", but the string is empty`],
  [
    ":80",
    0,
    "",
    `it must begin with an endpoint type, as in "tcp:80", but the type before the first colon is empty`,
  ],
  [
    "port=80",
    0,
    "port=80",
    `it must begin with an endpoint type, as in "tcp:80", but it begins with a named argument`,
  ],
  [
    "=",
    0,
    "=",
    `it must begin with an endpoint type, as in "tcp:80", but it begins with a named argument`,
  ],
  [
    "tcp:80\\",
    6,
    "\\",
    "it ends with a backslash, which must be followed by the character that it escapes",
  ],
  [
    "\\",
    0,
    "\\",
    "it ends with a backslash, which must be followed by the character that it escapes",
  ],
  [
    "tcp:a=\\\\\\",
    8,
    "\\",
    "it ends with a backslash, which must be followed by the character that it escapes",
  ],
];

for (const [text, offset, piece, problem] of WRONG) {
  Deno.test(`parseDescription() rejects ${JSON.stringify(text)}: ${problem}`, () => {
    const error = assertThrows(() => parseDescription(text), EndpointDescriptionError);
    assertEquals([error.description, error.offset, error.piece], [text, offset, piece]);
    const [sentence] = error.message.split("\n");
    assertEquals(sentence, `Cannot create an endpoint from ${JSON.stringify(text)}: ${problem}`);
  });
}

Deno.test("EndpointDescriptionError points at the position of the mistake, in characters", () => {
  const error = new EndpointDescriptionError("a:😀:\nbc:d", { start: 5, end: 8 }, "wrong");
  assertEquals(error.name, "EndpointDescriptionError");
  assertEquals(
    error.message,
    `Cannot create an endpoint from "a:😀:\\nbc:d": wrong\n  a:😀:\ufffdbc:d\n      ^^^`,
  );
  const marked = new EndpointDescriptionError("\ufefftcp:80", { start: 0, end: 4 }, "wrong");
  assertEquals(
    marked.message,
    `Cannot create an endpoint from "\\u{feff}tcp:80": wrong\n  \ufffdtcp:80\n  ^^^^`,
  );
  const missing = new EndpointDescriptionError("tcp", { start: 3, end: 3 }, "wrong");
  assertEquals(missing.message.split("\n").at(-1), "     ^");
  assertEquals(missing.piece, "");
});

Deno.test("quoteStringArgument() puts a backslash before colons, backslashes and equals signs", () => {
  assertEquals(quoteStringArgument("some : stuff \\"), "some \\: stuff \\\\");
  assertEquals(quoteStringArgument("a=b"), "a\\=b");
});

Deno.test("quoteStringArgument() is reversed by parseDescription() for any string", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter, minLength: 1 }),
      fc.string({ unit: anyCharacter }),
      (some, any) => {
        const [quotedSome, quotedAny] = [quoteStringArgument(some), quoteStringArgument(any)];
        assertEquals(said(`${quotedSome}:${quotedAny}:${quotedAny}=${quotedAny}`), [some, any, [
          any,
          any,
        ]]);
      },
    ),
  );
});

Deno.test("parseDescription() parses any string, or throws an error with the wrong position", () => {
  const unit = fc.constantFrom(":", "=", "\\", "a", "\n", "😀");
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: anyCharacter })), (text) => {
      try {
        parseDescription(text);
      } catch (error) {
        assertInstanceOf(error, EndpointDescriptionError);
        assertEquals(text.startsWith(error.piece, error.offset), true);
      }
    }),
  );
});

Deno.test("parseDescription() throws for a value that is not a string, and names it", () => {
  for (const text of [undefined, null, 5, {}, ["tcp:80"], Symbol("tcp")]) {
    assertThrows(
      () => parseDescription(text as unknown as string), // as a caller without types passes it
      TypeError,
      "An endpoint description must be a string, got ",
    );
  }
});
