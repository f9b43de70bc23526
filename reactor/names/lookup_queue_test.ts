import { assertEquals, assertRejects } from "@std/assert";
import type { ResolveHostNameOptions } from "../interfaces/mod.ts";
import { type LookupOptions, LookupQueue } from "./lookup_queue.ts";

/** A lookup that the test completes. */
interface Started extends PromiseWithResolvers<string[]>, LookupOptions {
  readonly hostName: string;
}

/** Returns a queue, and the lookups that it has started. */
function queueOf(limit: number): { readonly queue: LookupQueue; readonly started: Started[] } {
  const started: Started[] = [];
  const queue = new LookupQueue((hostName, options) => {
    const lookup = Promise.withResolvers<string[]>();
    started.push({ hostName, ...options, ...lookup });
    return lookup.promise;
  }, limit);
  return { queue, started };
}

function options(
  signal: AbortSignal = new AbortController().signal,
  more: Partial<LookupOptions> = {},
): ResolveHostNameOptions {
  return { family: "IPv4", port: 80, signal, ...more };
}

const names = (started: readonly Started[]): string[] => started.map(({ hostName }) => hostName);

Deno.test("LookupQueue runs a limited number of lookups at once, in order", async () => {
  const { queue, started } = queueOf(2);
  const found = ["a", "b", "c", "d"].map((name) => queue.resolve(name, options()));
  assertEquals(names(started), ["a", "b"]);
  started[1]?.resolve(["192.0.2.2"]);
  assertEquals(await found[1], ["192.0.2.2"]);
  assertEquals(names(started), ["a", "b", "c"]);
  started[0]?.reject(new Error("planned"));
  await assertRejects(async () => await found[0], Error, "planned");
  assertEquals(names(started), ["a", "b", "c", "d"]);
  started[2]?.resolve([]);
  started[3]?.resolve([]);
  assertEquals(await Promise.all(found.slice(2)), [[], []]);
});

Deno.test("LookupQueue runs equal lookups once, and returns a separate array to each caller", async () => {
  const { queue, started } = queueOf(9);
  const found = [1, 2].map(() => queue.resolve("a", options()));
  const others = [
    queue.resolve("a", options(undefined, { family: "IPv6" })),
    queue.resolve("a", options(undefined, { port: 81 })),
  ];
  assertEquals(started.length, 3);
  for (const each of started) each.resolve(["192.0.2.1"]);
  const [first, second] = await Promise.all(found);
  first?.pop();
  assertEquals(second, ["192.0.2.1"]);
  await Promise.all(others);
  // A result is not kept.
  const again = queue.resolve("a", options());
  started[3]?.resolve([]);
  assertEquals(await again, []);
});

Deno.test("LookupQueue drops a queued lookup once every caller has aborted it", async () => {
  const { queue, started } = queueOf(1);
  const running = queue.resolve("running", options());
  const controllers = [1, 2, 3].map(() => new AbortController());
  const [one, two, three] = controllers.map(({ signal }, i) =>
    assertRejects(() => queue.resolve(i === 2 ? "kept" : "dropped", options(signal)), Error, "gone")
  );
  const kept = queue.resolve("kept", options());
  for (const controller of controllers) controller.abort(new Error("gone"));
  await Promise.all([one, two, three]);
  started[0]?.resolve([]);
  await running;
  assertEquals(names(started), ["running", "kept"]);
  started[1]?.resolve(["192.0.2.3"]);
  assertEquals(await kept, ["192.0.2.3"]);
});

Deno.test("LookupQueue counts a running lookup until it completes, even after an abort", async () => {
  const { queue, started } = queueOf(1);
  const controller = new AbortController();
  const aborted = assertRejects(
    () => queue.resolve("a", options(controller.signal)),
    Error,
    "gone",
  );
  controller.abort(new Error("gone"));
  await aborted;
  const next = queue.resolve("b", options());
  const joined = queue.resolve("a", options());
  assertEquals(names(started), ["a"]);
  started[0]?.resolve(["192.0.2.1"]);
  assertEquals(await joined, ["192.0.2.1"]);
  started[1]?.resolve(["192.0.2.2"]);
  assertEquals(await next, ["192.0.2.2"]);
  await assertRejects(() => queue.resolve("c", options(controller.signal)), Error, "gone");
});
