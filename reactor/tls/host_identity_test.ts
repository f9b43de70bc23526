/** Unusual names. `testing/fixtures/certificate_table.ts` has the other cases. */

import { assertEquals } from "@std/assert";
import { isForHost } from "./host_identity.ts";

Deno.test("isForHost() matches no DNS name that ends in a number, which is an address", () => {
  const matches = (text: string, host: string): boolean => isForHost([{ kind: "DNS", text }], host);
  assertEquals(matches("1.2.3.4", "1.2.3.4"), false);
  assertEquals(matches("1.2.3.4", "1.2.3.4."), false);
  assertEquals(matches("*.2.3.4", "1.2.3.4."), false);
  assertEquals(matches("1.2.3.4.example", "1.2.3.4.example."), true);
});

Deno.test("isForHost() accepts a wildcard as exactly one label that is not empty", () => {
  const names = [{ kind: "DNS", text: "*.example.com" }] as const;
  const hosts = ["a.example.com", ".example.com", "example.com", "a.b.example.com"];
  assertEquals(hosts.filter((host) => isForHost(names, host)), ["a.example.com"]);
});
