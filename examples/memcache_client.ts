/**
 * A client of memcached: values, several keys at once, a counter, and changes that notice each
 * other.
 *
 *     memcached -l 127.0.0.1 &
 *     deno run --allow-net examples/memcache_client.ts
 *
 * It prints:
 *
 *     greeting: hello
 *     apple and cherry are stored, banana is not
 *     visits: 1, 2, 3
 *     stock: 90 after ten purchases at once
 *
 * An argument is another port than 11211.
 */

import { connectProtocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
import { DEFAULT_PORT, MemCacheProtocol } from "@torsion/reactor/memcache";

const FRUITS = ["apple", "banana", "cherry"];
/** Seconds after which what this program has stored is gone. */
const expireTime = 60;

const textOf = (value: Uint8Array | null): string => new TextDecoder().decode(value ?? undefined);

/** Takes one from a number, and tries again if another client has changed it meanwhile. */
async function takeOne(client: MemCacheProtocol, key: string): Promise<void> {
  for (;;) {
    const item = await client.gets(key);
    if (item === null) throw new Error(`Cannot take one from ${key}: it is not stored`);
    const rest = Number(textOf(item.value)) - 1;
    if (await client.checkAndSet(key, `${rest}`, item.cas, { expireTime })) return;
  }
}

async function main(port: number): Promise<void> {
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port);
  const client = await connectProtocol(endpoint, new MemCacheProtocol({ timeout: 5 }));

  await client.set("greeting", "hello", { expireTime });
  console.log(`greeting: ${textOf(await client.get("greeting"))}`);

  // Requests of one turn are sent together, and answered in order.
  await Promise.all([
    client.set("apple", "red", { expireTime }),
    client.set("cherry", "black", { expireTime }),
    client.delete("banana"),
  ]);
  const found = await client.getMultiple(FRUITS);
  const missing = FRUITS.filter((fruit) => !found.has(fruit));
  console.log(`${[...found.keys()].join(" and ")} are stored, ${missing} is not`);

  await client.set("visits", "0", { expireTime });
  const visits = await Promise.all([1, 2, 3].map(() => client.increment("visits")));
  console.log(`visits: ${visits.join(", ")}`);

  await client.set("stock", "100", { expireTime });
  await Promise.all(Array.from({ length: 10 }, () => takeOne(client, "stock")));
  console.log(`stock: ${textOf(await client.get("stock"))} after ten purchases at once`);
  client.transport.loseConnection();
}

if (import.meta.main) {
  const [port = `${DEFAULT_PORT}`] = Deno.args;
  reactor.callWhenRunning(() => main(Number(port)).finally(() => reactor.stop()));
  await reactor.run();
}
