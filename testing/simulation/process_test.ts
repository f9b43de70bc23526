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
  process.pause(process);
  process.pause(process);
  for (const name of ["a", "b"]) process.run(() => record.push(name));
  assertEquals([process.isPaused, record], [true, []]);
  process.resume();
  schedule.advanceTo(0);
  assertEquals([process.isPaused, record], [false, ["entered", "a", "entered", "b"]]);
});

Deno.test("Process.resume() makes each kept call in an event of its own", () => {
  const { process, schedule, record } = makeProcess();
  process.pause(process);
  for (const name of ["a", "b", "c"]) process.run(() => record.push(name));
  process.resume();
  assertEquals([record, schedule.size], [[], 1]);
  process.resume();
  for (const name of ["a", "b", "c"]) {
    schedule.step();
    assertEquals(record.at(-1), name);
  }
  assertEquals(schedule.size, 0);
});

Deno.test("Process.run() at the time of resume() does not overtake a kept call", () => {
  const { process, schedule, record } = makeProcess();
  process.pause(process);
  for (const name of ["a", "b"]) process.run(() => record.push(name));
  schedule.at(0, () => process.resume());
  schedule.at(0, () => process.run(() => record.push("c")));
  schedule.advanceTo(0);
  process.run(() => record.push("d"));
  assertEquals(record.filter((name) => name !== "entered"), ["a", "b", "c", "d"]);
});

Deno.test("Process.proceed() comes before the kept calls, but not during a pause", () => {
  const { process, schedule, record } = makeProcess();
  process.pause(process);
  process.run(() => schedule.soon(() => process.proceed(() => record.push("a, continued"))));
  process.run(() => record.push("b"));
  process.resume();
  schedule.advanceTo(0);
  process.pause(process);
  process.proceed(() => record.push("c"));
  assertEquals(record.filter((name) => name !== "entered"), ["a, continued", "b"]);
});

Deno.test("Process.resume() with a holder keeps the pauses of other holders", () => {
  const { process } = makeProcess();
  const [one, other] = [{}, {}];
  process.pause(one);
  process.pause(other);
  assertEquals([process.resume(other), process.isPaused], [false, true]);
  assertEquals([process.resume(other), process.resume(one), process.isPaused], [
    false,
    true,
    false,
  ]);
  process.pause(one);
  process.pause(other);
  assertEquals([process.resume(), process.isPaused], [true, false]);
});

Deno.test("Process.pause() between the kept calls keeps the rest in their order", () => {
  const { process, schedule, record } = makeProcess();
  process.pause(process);
  process.run(() => process.pause(process));
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
  process.pause(process);
  process.run(() => record.push("kept"));
  process.end();
  process.resume();
  process.run(() => record.push("later"));
  process.pause(process);
  schedule.advanceTo(0);
  assertEquals([process.isAlive, process.isPaused, record], [false, false, []]);
});
