import { assertEquals, assertThrows } from "@std/assert";
import { TableNameResolver } from "./table_name_resolver.ts";

Deno.test("TableNameResolver returns a name's addresses at once, by family, ignoring case", () => {
  const resolver = new TableNameResolver({
    "Db.example": ["192.0.2.2", "2001:db8::1", "192.0.2.1"],
  });
  const answers: (readonly string[])[] = [];
  for (const name of ["db.example", "DB.EXAMPLE", "other.example", "constructor"]) {
    for (const family of ["IPv4", "IPv6"] as const) {
      resolver.resolveHostName(name, { family }).addCallback((found) => answers.push(found));
    }
  }
  const known = [["192.0.2.2", "192.0.2.1"], ["2001:db8::1"]];
  assertEquals(answers, [...known, ...known, [], [], [], []]);
});

Deno.test("TableNameResolver throws for a value that is not an IP address", () => {
  assertThrows(
    () => new TableNameResolver({ "a.example": ["192.0.2.1", "b.example"] }),
    RangeError,
    'Cannot add "b.example" to the addresses of a.example: it is not an IPv4 or IPv6 address',
  );
});
