/**
 * Of Twisted's `internet/test/test_endpoints.py`, the part of `ParserTests` that is about the grammar: `test_escape`,
 * `test_quoteStringArgument`, `test_impliedEscape`. The rest is in `from_string_test.ts`.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseDescription, quoteStringArgument } from "./description.ts";
import { EndpointDescriptionError } from "./description_error.ts";

/** What a description says: its type, and its arguments as values or pairs. */
function said(text: string): (string | [string, string])[] {
  const { type, arguments: args } = parseDescription(text);
  return [
    type.value,
    ...args.map(({ name, value }): string | [string, string] =>
      name === null ? value.value : [name.value, value.value]
    ),
  ];
}

Deno.test("Colons part a description into its type and its arguments, of which an equals sign makes named ones", () => {
  assertEquals(said("a:b:d=1:c"), ["a", "b", ["d", "1"], "c"]);
  assertEquals(said("tcp:80:interface=127.0.0.1"), ["tcp", "80", ["interface", "127.0.0.1"]]);
});

Deno.test("A backslash quotes a colon, an equals sign, a backslash, and any other character", () => {
  assertEquals(said(String.raw`unix:foo\:bar\=baz\:qux\\`), [
    "unix",
    String.raw`foo:bar=baz:qux` + "\\",
  ]);
  assertEquals(said(String.raw`a\:b:c\=d=\e`), ["a:b", ["c=d", "e"]]);
});

Deno.test("Only the first equals sign of an argument ends its name", () => {
  assertEquals(said("unix:address=foo=bar"), ["unix", ["address", "foo=bar"]]);
  assertEquals(said("unix:address=="), ["unix", ["address", "="]]);
});

Deno.test("A colon behind the type alone promises no argument; any other empty one is an argument", () => {
  assertEquals(said("stdio"), ["stdio"]);
  assertEquals(said("stdio:"), ["stdio"]);
  assertEquals(said("tcp::"), ["tcp", "", ""]);
  assertEquals(said("tcp:80:"), ["tcp", "80", ""]);
  assertEquals(said("tcp:="), ["tcp", ["", ""]]);
});

Deno.test("Each piece says where it stands, with its backslashes", () => {
  const { type, arguments: [first, second] } = parseDescription(String.raw`t\=:a\:b:n=v`);
  assertEquals(type, { value: "t=", start: 0, end: 3 });
  assertEquals(first, { name: null, value: { value: "a:b", start: 4, end: 8 } });
  assertEquals(second, {
    name: { value: "n", start: 9, end: 10 },
    value: { value: "v", start: 11, end: 12 },
  });
});

Deno.test("The rest of a string can be a description of its own, and keeps its places", () => {
  const { text, type, arguments: [port] } = parseDescription("wrap:tcp:80", 5);
  assertEquals(text, "wrap:tcp:80");
  assertEquals(type, { value: "tcp", start: 5, end: 8 });
  assertEquals(port?.value, { value: "80", start: 9, end: 11 });
});

const WRONG: [text: string, offset: number, piece: string, problem: string][] = [
  ["", 0, "", `it begins with a type, as in "tcp:80", and nothing is there`],
  [":80", 0, "", `it begins with a type, as in "tcp:80", and nothing is before the first colon`],
  ["port=80", 0, "port=80", `it begins with a type, as in "tcp:80", and not with an argument`],
  ["=", 0, "=", `it begins with a type, as in "tcp:80", and not with an argument`],
  ["tcp:80\\", 6, "\\", "it ends with a backslash that has no character to quote"],
  ["\\", 0, "\\", "it ends with a backslash that has no character to quote"],
  ["tcp:a=\\\\\\", 8, "\\", "it ends with a backslash that has no character to quote"],
];

for (const [text, offset, piece, problem] of WRONG) {
  Deno.test(`${JSON.stringify(text)} is no description: ${problem}`, () => {
    const error = assertThrows(() => parseDescription(text), EndpointDescriptionError);
    assertEquals([error.description, error.offset, error.piece], [text, offset, piece]);
    const [sentence] = error.message.split("\n");
    assertEquals(sentence, `Cannot make an endpoint of ${JSON.stringify(text)}: ${problem}`);
  });
}

Deno.test("The error shows the string, and the place beneath it, by characters and not by code units", () => {
  const error = new EndpointDescriptionError("a:😀:\nbc:d", { start: 5, end: 8 }, "wrong");
  assertEquals(error.name, "EndpointDescriptionError");
  assertEquals(
    error.message,
    `Cannot make an endpoint of "a:😀:\\nbc:d": wrong\n  a:😀:\ufffdbc:d\n      ^^^`,
  );
  const marked = new EndpointDescriptionError("\ufefftcp:80", { start: 0, end: 4 }, "wrong");
  assertEquals(
    marked.message,
    `Cannot make an endpoint of "\\u{feff}tcp:80": wrong\n  \ufffdtcp:80\n  ^^^^`,
  );
  const missing = new EndpointDescriptionError("tcp", { start: 3, end: 3 }, "wrong");
  assertEquals(missing.message.split("\n").at(-1), "     ^");
  assertEquals(missing.piece, "");
});

Deno.test("quoteStringArgument() puts a backslash before colons, backslashes and equals signs", () => {
  assertEquals(quoteStringArgument("some : stuff \\"), "some \\: stuff \\\\");
  assertEquals(quoteStringArgument("a=b"), "a\\=b");
});

Deno.test("Any string, quoted, is read as itself: as a type, a value, a name and a named value", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.string({ unit: "binary" }),
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

Deno.test("Any string is a description, or an EndpointDescriptionError says where it is not", () => {
  const unit = fc.constantFrom(":", "=", "\\", "a", "\n", "😀");
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: "binary" })), (text) => {
      try {
        parseDescription(text);
      } catch (error) {
        assertInstanceOf(error, EndpointDescriptionError);
        assertEquals(text.startsWith(error.piece, error.offset), true);
      }
    }),
  );
});

Deno.test("parseDescription() names a description that is not a string", () => {
  for (const text of [undefined, null, 5, {}, ["tcp:80"], Symbol("tcp")]) {
    assertThrows(
      () => parseDescription(text as unknown as string), // as a caller without types passes it
      TypeError,
      "An endpoint description must be a string, got ",
    );
  }
});
