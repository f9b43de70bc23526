import { assertEquals } from "@std/assert";
import { alternativeNames } from "./tls_session.ts";

Deno.test("Alternative names are divided where Node divides them, and not within a quoted one", () => {
  const table: [string, string[]][] = [
    ["", []],
    ["DNS:localhost", ["DNS:localhost"]],
    ["DNS:a.example, IP Address:::1", ["DNS:a.example", "IP Address:::1"]],
    // A name that tries to be two (CVE-2021-44532).
    ['DNS:"evil.example, DNS:good.example"', ["DNS:evil.example, DNS:good.example"]],
    ['DNS:"a\\"b", DNS:c', ['DNS:a"b', "DNS:c"]],
  ];
  for (const [text, names] of table) assertEquals(alternativeNames(text), names);
});
