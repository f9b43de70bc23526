import { assertEquals } from "@std/assert";
import { visibleText } from "./visible_text.ts";

Deno.test("visibleText() escapes every control character except tab and newline", () => {
  for (let code = 0; code < 0xa0; code++) {
    const isControl = code < 0x20 || code >= 0x7f;
    const stays = !isControl || code === 0x09 || code === 0x0a;
    const hex = code.toString(16).padStart(2, "0");
    const expected = stays ? String.fromCharCode(code) : code === 0x0d ? "\\r" : `\\x${hex}`;
    assertEquals(visibleText(String.fromCharCode(code)), expected, `U+00${hex}`);
  }
  assertEquals(visibleText("\x1b[31mred\x9b0m"), "\\x1b[31mred\\x9b0m");
});

Deno.test("visibleText() escapes Unicode line separators and text direction controls", () => {
  assertEquals(visibleText("a\u2028b\u2029c\x85d"), "a\\u2028b\\u2029c\\x85d");
  for (
    const control of "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
  ) {
    const hex = control.charCodeAt(0).toString(16).padStart(4, "0");
    assertEquals(visibleText(control), `\\u${hex}`);
  }
});

Deno.test("visibleText() keeps all other text, and escapes newlines on request", () => {
  const text = "zwölf €\t\u{1f600} שלום \\n";
  assertEquals(visibleText(text), text);
  assertEquals(visibleText("a\r\nb\n"), "a\\r\nb\n");
  assertEquals(visibleText("a\r\nb\n", { newlines: "escaped" }), "a\\r\\nb\\n");
});
