import { assertEquals } from "@std/assert";
import { type ReactorResource, ReactorResources } from "./open_resources.ts";

/** A resource that records its calls. */
class Resource implements ReactorResource {
  readonly calls: string[] = [];
  readonly #shutDown: () => void;

  constructor(shutDown: (resource: Resource) => void = () => {}) {
    this.#shutDown = () => shutDown(this);
  }

  shutDown(): void {
    this.calls.push("shut down");
    this.#shutDown();
  }

  unref(): void {
    this.calls.push("unref");
  }
}

Deno.test("ReactorResources.whenEmpty() calls its function once, when no resource is open", () => {
  const resources = new ReactorResources();
  let calls = 0;
  resources.whenEmpty(() => calls++);
  assertEquals(calls, 1);
  const [one, two] = [new Resource(), new Resource()];
  resources.add(one);
  resources.add(two);
  resources.whenEmpty(() => calls++);
  resources.delete(one);
  resources.delete(one);
  assertEquals([calls, resources.size], [1, 1]);
  resources.delete(two);
  assertEquals([calls, resources.size], [2, 0]);
  resources.add(one);
  resources.delete(one);
  assertEquals(calls, 2);
});

Deno.test("ReactorResources.shutDown() closes every resource, even if some are deleted meanwhile", () => {
  const resources = new ReactorResources();
  const leaving = [0, 1, 2].map(() => new Resource((resource) => resources.delete(resource)));
  for (const resource of leaving) resources.add(resource);
  resources.shutDown();
  assertEquals(leaving.map(({ calls }) => calls), Array(3).fill(["shut down"]));
  assertEquals(resources.size, 0);
});

Deno.test("ReactorResources.add() during or after the shutdown closes the resource", async () => {
  const resources = new ReactorResources();
  const closing = (resource: Resource) => resources.delete(resource);
  const late = new Resource(closing);
  const brief = new Resource(closing);
  const first = new Resource((resource) => {
    resources.add(late);
    resources.add(brief);
    resources.delete(brief);
    resources.delete(resource);
  });
  resources.add(first);
  resources.shutDown();
  let empty = false;
  resources.whenEmpty(() => empty = true);
  assertEquals([late.calls, empty], [[], false]);
  await null;
  assertEquals([late.calls, brief.calls, empty], [["shut down"], [], true]);
  resources.add(late);
  await null;
  assertEquals(resources.size, 0);
});

Deno.test("ReactorResources.unref() calls unref() of each resource and closes none", () => {
  const resources = new ReactorResources();
  const resource = new Resource();
  resources.add(resource);
  resources.unref();
  assertEquals([resource.calls, resources.size], [["unref"], 1]);
});

Deno.test("ReactorResources does not show one resource when another one is printed", () => {
  class Secret extends Resource {}
  const resources = new ReactorResources();
  const [one, two] = [new Resource(), new Secret()];
  resources.add(two);
  resources.add(one);
  assertEquals(Deno.inspect(one, { depth: 9 }).includes("Secret"), false);
  assertEquals(resources.list(), [two, one]);
});
