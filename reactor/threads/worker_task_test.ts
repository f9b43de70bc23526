import { assertEquals, assertThrows } from "@std/assert";
import type { WorkerTask } from "../interfaces/mod.ts";
import { absoluteURL, type ThreadOutcome, workerModule } from "./worker_task.ts";

/** Compiles only if the two types are the same, and neither is `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** The type of a module, as in `typeof import(…)`. */
interface Sums {
  add(a: number, b?: number): number;
  fetchSum(of: string[]): Promise<number>;
  count(n: number, at?: (i: number) => void): string;
  ask(n: number, question: (i: number) => boolean): string;
  readonly limit: number;
}

const sums = workerModule<Sums>(new URL("file:///srv/sums.ts"));

Deno.test("WorkerModule.task() returns the module's URL and the export's name", () => {
  assertEquals(sums.url, "file:///srv/sums.ts");
  assertEquals(sums.task("add"), { module: "file:///srv/sums.ts", export: "add" });
  assertEquals(workerModule("npm:sums@1").url, "npm:sums@1");
});

Deno.test("WorkerModule.task() has the function's types, with promises resolved", () => {
  const add: WorkerTask<[a: number, b?: number], number> = sums.task("add");
  const fetchSum: WorkerTask<[string[]], number> = sums.task("fetchSum");
  const count: WorkerTask<[number, ((i: number) => void)?], string> = sums.task("count");
  const same: Same<ThreadOutcome<Sums["fetchSum"]>, number> = true;
  assertEquals([add.export, fetchSum.export, count.export, same], [
    "add",
    "fetchSum",
    "count",
    true,
  ]);
});

Deno.test("WorkerModule.task() rejects invalid exports and callbacks at compile time", () => {
  // @ts-expect-error: the module has no such export
  sums.task("subtract");
  // @ts-expect-error: this export is not a function
  sums.task("limit");
  // @ts-expect-error: a result of the callback would never reach the thread
  const ask: WorkerTask<[number, (i: number) => boolean], string> = sums.task("ask");
  assertEquals(ask.export, "ask");
});

Deno.test("workerModule() throws a TypeError for a URL that is not absolute", () => {
  assertEquals(absoluteURL(new URL("https://example.com/sums.ts")), "https://example.com/sums.ts");
  for (const url of ["./sums.ts", "", undefined, 3]) {
    assertThrows(
      () => absoluteURL(url),
      TypeError,
      "A task's module must be an absolute URL, got ",
    );
  }
  assertThrows(() => workerModule("./sums.ts"), TypeError, '"./sums.ts"');
});
