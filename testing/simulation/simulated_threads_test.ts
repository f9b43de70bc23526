/**
 * The stand-ins for threads: tasks, errors, calls back, crashes.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { deferToThread } from "../../reactor/threads/defer_to_thread.ts";
import { workerModule } from "../../reactor/threads/worker_task.ts";
import type * as Tasks from "../fixtures/thread_tasks.ts";
import * as tasks from "../fixtures/thread_tasks.ts";
import { SimulatedNetwork } from "./simulated_network.ts";

const url = new URL("../fixtures/thread_tasks.ts", import.meta.url);
const module = workerModule<typeof Tasks>(url);

function makeNetwork(): SimulatedNetwork {
  return new SimulatedNetwork({ taskModules: { [url.href]: tasks } });
}

Deno.test("SimulatedThread runs the tasks of deferToThread(), and copies what they return", async () => {
  const network = makeNetwork();
  const { reactor } = network.addHost("host");
  assertEquals(await network.runUntil(deferToThread(reactor, module.task("add"), 2, 3)), 5);
  assertEquals(network.seconds(), 0);
});

Deno.test("SimulatedThread passes an error of a task with its class, code and cause", async () => {
  const network = makeNetwork();
  const { reactor } = network.addHost("host");
  const error = await assertRejects(
    () => network.runUntil(deferToThread(reactor, module.task("fail"))),
    RangeError,
    "too far",
  );
  assertEquals("code" in error && error.code, "EFAR");
});

Deno.test("SimulatedThread calls the functions among the arguments in the reactor's process", async () => {
  const network = makeNetwork();
  const { reactor } = network.addHost("host");
  const calls: number[] = [];
  const counted = deferToThread(
    reactor,
    module.task("countTo"),
    3,
    (i: number) => void calls.push(i),
  );
  assertEquals([await network.runUntil(counted), calls], [3, [0, 1, 2]]);
});

Deno.test("SimulatedThread fails a task whose module is not among taskModules", async () => {
  const network = new SimulatedNetwork({ taskModules: { "file:///known.ts": {} } });
  const { reactor } = network.addHost("host");
  await assertRejects(
    () => network.runUntil(deferToThread(reactor, module.task("add"), 1, 2)),
    Error,
    `The simulation has no module "${url.href}": its taskModules are "file:///known.ts"`,
  );
});

Deno.test("SimulatedThread delivers nothing to a crashed process, and waits for a paused one", async () => {
  const network = makeNetwork();
  const [crashed, paused] = [network.addHost("crashed"), network.addHost("paused")];
  const results: string[] = [];
  for (const host of [crashed, paused]) {
    deferToThread(host.reactor, module.task("add"), 1, 2)
      .addBoth(() => void results.push(`${host} at ${network.seconds()}`));
  }
  crashed.crash();
  paused.pause();
  network.callLater(5, () => paused.resume());
  await network.runUntil(network.sleep(10));
  assertEquals(results, ["paused at 5"]);
});
