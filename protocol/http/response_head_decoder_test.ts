import { assertEquals, assertThrows } from "@std/assert";
import { latin1Bytes } from "../../testing/fixtures/split_input.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";
import { ResponseHeadDecoder } from "./response_head_decoder.ts";

const LIMITS = { maxHeadSize: 100, maxFields: 3 };

/** Decodes a text, with one push for each byte or for the whole text. */
function decode(text: string, size = text.length): { heads: unknown[]; rest: number } {
  const decoder = new ResponseHeadDecoder(LIMITS);
  const heads: unknown[] = [];
  const bytes = latin1Bytes(text);
  for (let at = 0; at < bytes.length; at += size) {
    decoder.push(bytes.slice(at, at + size));
    for (let head = decoder.next(); head !== null; head = decoder.next()) heads.push(head);
  }
  return { heads, rest: decoder.takeRest().length };
}

Deno.test("ResponseHeadDecoder decodes heads, however split, and keeps what follows", () => {
  const text =
    "HTTP/1.1 103\r\nLink: x\r\n\r\nHTTP/1.0 404 Not \xe9 Found\r\nA:\r\nB: c \r\n\r\nHT";
  const heads = [
    { minorVersion: 1, status: 103, fields: [["Link", "x"]] },
    { minorVersion: 0, status: 404, fields: [["A", ""], ["B", "c"]] },
  ];
  assertEquals(decode(text), { heads, rest: 2 });
  for (const size of [1, 2, 7, 30]) assertEquals(decode(text, size), { heads, rest: 2 });
});

Deno.test("ResponseHeadDecoder refuses what is not a response, or too long, however split", () => {
  const cases: [text: string, reason: string, status?: number][] = [
    ["\x15\x03", "TLS instead of HTTP"],
    ["S", "an invalid status line"],
    ["HTTP/2", "an invalid status line"],
    ["HTTP/1.2 200 OK\r\n", "an invalid status line"],
    ["HTTP/1.1 20 OK\r\n", "an invalid status line"],
    ["HTTP/1.1 099 OK\r\n", "an invalid status line"],
    ["HTTP/1.1 2000 OK\r\n", "an invalid status line"],
    ["HTTP/1.1  200 OK\r\n", "an invalid status line"],
    ["HTTP/1.1 200 OK\n", "an invalid status line"],
    ["HTTP/1.1 200 O\rK\r\n", "an invalid status line"],
    ["HTTP/1.1 200 O\0K\r\n", "an invalid status line"],
    ["HTTP/1.1 200 OK\r\nA : b", "an invalid field name"],
    ["HTTP/1.1 200 OK\r\nA: b\n", "an invalid field value"],
    ["HTTP/1.1 200 OK\r\nA: b\r\n c", "an invalid field name"],
    ["HTTP/1.1 200 OK\r\n" + "A: b\r\n".repeat(4), "more than 3 fields", 431],
    [`HTTP/1.1 200 ${"x".repeat(88)}`, "a head beyond 100 bytes", 431],
    [`HTTP/1.1 200 OK\r\nA: ${"x".repeat(82)}`, "a head beyond 100 bytes", 431],
  ];
  for (const [text, reason, status = 400] of cases) {
    for (const size of [1, text.length]) {
      const error = assertThrows(() => decode(text, size), HTTPSyntaxError);
      assertEquals([error.reason, error.status], [reason, status], text);
    }
  }
  assertEquals(decode(`HTTP/1.1 200 OK\r\nA: ${"x".repeat(76)}\r\n\r\n`).heads.length, 1);
});
