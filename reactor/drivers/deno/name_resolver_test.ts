/** The system's resolver, with names from `/etc/hosts` and names that fail without a network. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Program } from "../../../testing/fixtures/program.ts";
import { TableNameResolver } from "../../names/table_name_resolver.ts";
import { DenoNameResolver } from "./name_resolver.ts";
import { DenoReactor } from "./reactor.ts";

const { signal } = new AbortController();

Deno.test("DenoNameResolver returns the loopback addresses of localhost", async () => {
  const resolver = new DenoNameResolver();
  const found = await Promise.all(
    (["IPv4", "IPv6"] as const).map((family) =>
      resolver.resolveHostName("localhost", { family, port: 80, signal })
    ),
  );
  assert(found.flat().length > 0);
  for (const address of found.flat()) assert(/^(127\.0\.0\.1|::1)$/.test(address), address);
});

Deno.test("DenoNameResolver returns no addresses for an invalid name", async () => {
  // RFC 6761 section 6.4. This name never leaves the machine, because its label is too long.
  const name = `${"a".repeat(64)}.invalid`;
  const found = await new DenoNameResolver().resolveHostName(name, {
    family: "IPv4",
    port: 0,
    signal,
  });
  assertEquals(found, []);
});

const PROGRAM = `
  import { DenoNameResolver } from "${new URL("./name_resolver.ts", import.meta.url)}";
  const { signal } = new AbortController();
  await new DenoNameResolver().resolveHostName("localhost", { family: "IPv4", port: 80, signal })
    .then(() => console.log("found"), ({ name, code, message }) => console.log(name, code, message));
`;

for (
  const [flags, line] of [
    [["--allow-net=localhost:80"], "found"],
    [["--allow-net=localhost"], "found"],
    [
      ["--allow-net=localhost:81"],
      "DNSLookupError EPERM Cannot look up localhost: it needs the permission --allow-net=localhost:80",
    ],
    [
      [],
      "DNSLookupError EPERM Cannot look up localhost: it needs the permission --allow-net=localhost:80",
    ],
  ] as const
) {
  Deno.test(`DenoNameResolver with ${flags.join(" ") || "no flag"} prints: ${line.slice(0, 24)}`, async () => {
    const url = `data:text/javascript,${encodeURIComponent(PROGRAM)}`;
    await using program = new Program(["run", "--quiet", "--no-prompt", ...flags, url]);
    const { lines, errors } = await program.end();
    assertEquals([lines, errors], [[line], ""]);
  });
}

Deno.test("installNameResolver() replaces the resolver and returns the previous one", () => {
  const reactor = new DenoReactor();
  const first = reactor.nameResolver;
  assertInstanceOf(first, DenoNameResolver);
  const table = new TableNameResolver({});
  assertEquals(reactor.installNameResolver(table), first);
  assertEquals(reactor.nameResolver, table);
  assertEquals(reactor.installNameResolver(first), table);
});
