import { assertEquals } from "@std/assert";
import { Process } from "./process.ts";
import { Schedule } from "./schedule.ts";

function makeProcess(): { process: Process; schedule: Schedule; record: string[] } {
  const schedule = new Schedule();
  const record: string[] = [];
  return { process: new Process(schedule, () => record.push("entered")), schedule, record };
}

Deno.test("Process.run() calls the function at once, and announces the call", () => {
  const { process, record } = makeProcess();
  process.run(() => record.push("call"));
  assertEquals(record, ["entered", "call"]);
});

Deno.test("Process.run() of a paused process keeps the calls until it resumes, in their order", () => {
  const { process, schedule, record } = makeProcess();
  process.pause();
  process.pause();
  for (const name of ["a", "b"]) process.run(() => record.push(name));
  assertEquals([process.isPaused, record], [true, []]);
  process.resume();
  schedule.advanceTo(0);
  assertEquals([process.isPaused, record], [false, ["entered", "a", "entered", "b"]]);
});

Deno.test("Process.resume() makes each kept call in an event of its own", () => {
  const { process, schedule } = makeProcess();
  process.pause();
  for (let i = 0; i < 3; i++) process.run(() => {});
  process.resume();
  assertEquals(schedule.size, 3);
  process.resume();
  assertEquals(schedule.size, 3);
});

Deno.test("Process.pause() between the kept calls keeps the rest in their order", () => {
  const { process, schedule, record } = makeProcess();
  process.pause();
  process.run(() => process.pause());
  for (const name of ["a", "b"]) process.run(() => record.push(name));
  process.resume();
  schedule.advanceTo(0);
  process.run(() => record.push("c"));
  assertEquals(record, ["entered"]);
  process.resume();
  schedule.advanceTo(0);
  assertEquals(record.filter((name) => name !== "entered"), ["a", "b", "c"]);
});

Deno.test("Process.end() drops the kept calls and all later ones", () => {
  const { process, schedule, record } = makeProcess();
  process.pause();
  process.run(() => record.push("kept"));
  process.end();
  process.resume();
  process.run(() => record.push("later"));
  process.pause();
  schedule.advanceTo(0);
  assertEquals([process.isAlive, process.isPaused, record], [false, false, []]);
});
