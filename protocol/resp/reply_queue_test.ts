import { assertEquals } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Deferred } from "../../defer/mod.ts";
import type { CommandResult } from "./command_table.ts";
import { ReplyQueue } from "./reply_queue.ts";

// With this flag set, each new context has a gc(), which collects all unreachable objects.
setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

Deno.test("ReplyQueue releases replies that were sent, even if another always waits", async () => {
  const queue = new ReplyQueue({ send: () => {}, settled: () => {}, dropped: () => {} });
  const sent: WeakRef<Uint8Array>[] = [];
  let last = new Deferred<CommandResult>();
  queue.addLater(last);
  for (let i = 0; i < 100; i++) {
    const next = new Deferred<CommandResult>();
    queue.addLater(next);
    const reply = new Uint8Array(1000);
    sent.push(new WeakRef(reply));
    last.callback(reply);
    last = next;
  }
  assertEquals(queue.length, 1);
  // A WeakRef keeps its target until the current job has ended.
  await new Promise<void>((resolve) => setImmediate(resolve));
  collect();
  // The reply of the last iteration may still be in a register.
  assertEquals(sent.slice(0, -5).filter((each) => each.deref() !== undefined).length, 0);
});
