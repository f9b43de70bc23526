// Runs examples/memcache_client.ts with exactly the permissions of its header.

import { assert, assertEquals } from "@std/assert";
import { memcachedPort, startMemcached } from "../interop/memcached.ts";
import { interopTest, MEMCACHED } from "../interop/tool.ts";
import { Example, examples } from "../testing/fixtures/example.ts";

const memcached = interopTest(MEMCACHED);

memcached("memcache_client.ts prints what it stores, counts and changes", async () => {
  const address = memcachedPort();
  await using _server = await startMemcached(address);
  await using client = new Example("memcache_client.ts", [`${address.port}`]);
  const { code, lines, errors } = await client.end();
  assertEquals([code, errors], [0, ""]);
  const header = await Deno.readTextFile(new URL("memcache_client.ts", examples));
  assertEquals(lines.length, 4);
  for (const line of lines) assert(header.includes(`\n *     ${line}\n`), line);
});
