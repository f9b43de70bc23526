// The programs of memcache.md, run as the guide says.

import { assert, assertEquals } from "@std/assert";
import { memcachedPort, startMemcached } from "../interop/memcached.ts";
import { interopTest, MEMCACHED } from "../interop/tool.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { testPrintedOutput } from "./printed_output.ts";

const memcached = interopTest(MEMCACHED);

memcached("remember.ts makes its answer once", async () => {
  const address = memcachedPort();
  await using _server = await startMemcached(address);
  await using folder = await GuideFolder.open("memcache.md");
  await using program = folder.start(`deno run --allow-net remember.ts ${address.port}`);
  const { code, lines } = await program.end();
  assertEquals([code, lines], [0, ["thinking ...", "42", "42"]]);
});

Deno.test("remember.ts makes its answer each time without a server, and logs why", async () => {
  const { port } = memcachedPort();
  await using folder = await GuideFolder.open("memcache.md");
  await using program = folder.start(`deno run --allow-net remember.ts ${port}`);
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines], [0, ["thinking ...", "42", "thinking ...", "42"]]);
  assert(errors.includes("Cannot get answer from the cache"), errors);
  assert(errors.includes("Cannot store answer in the cache"), errors);
});

testPrintedOutput("memcache.md", 2);
