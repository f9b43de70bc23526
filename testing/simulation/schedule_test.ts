import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LAST_MOMENT, RANKS, Schedule, type ScheduledEvent } from "./schedule.ts";

/** Makes all events, and returns what they have recorded. */
function run(schedule: Schedule, record: readonly string[]): readonly string[] {
  while (schedule.step());
  return record;
}

Deno.test("Schedule.step() calls events in the order of their time, then of their scheduling", () => {
  const schedule = new Schedule();
  const record: string[] = [];
  for (const [time, name] of [[5, "c"], [3, "a"], [5, "d"], [3, "b"]] as const) {
    schedule.at(time, () => record.push(`${name}${schedule.now}`));
  }
  assertEquals([schedule.size, schedule.next], [4, 3]);
  assertEquals(run(schedule, record), ["a3", "b3", "c5", "d5"]);
  assertEquals([schedule.size, schedule.next, schedule.made], [0, Infinity, 4]);
});

Deno.test("Schedule behaves as a sorted list under scheduling, cancelling and stepping", () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("at" as const), time: fc.nat(50) }),
    fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant("step" as const) }),
  );
  fc.assert(fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
    const schedule = new Schedule();
    let model: { time: number; id: number; event: ScheduledEvent }[] = [];
    const happened: number[] = [];
    let expected: number[] = [];
    for (const [id, each] of actions.entries()) {
      if (each.kind === "at") {
        const event = schedule.at(each.time, () => happened.push(id));
        model.push({ time: Math.max(each.time, schedule.now), id, event });
        model = model.toSorted((a, b) => a.time - b.time || a.id - b.id);
      } else if (each.kind === "cancel" && model.length > 0) {
        const [gone] = model.splice(each.pick % model.length, 1);
        if (gone !== undefined) schedule.cancel(gone.event);
      } else if (each.kind === "step") {
        const first = model.shift();
        assertEquals(schedule.step(), first !== undefined);
        if (first !== undefined) expected = [...expected, first.id];
      }
      assertEquals(schedule.size, model.length);
      assertEquals(schedule.next, model[0]?.time ?? Infinity);
    }
    assertEquals(happened, expected);
  }));
});

Deno.test("Schedule.at() makes an event in the past the current time", () => {
  const schedule = new Schedule();
  const record: string[] = [];
  schedule.at(10, () => schedule.at(2, () => record.push(String(schedule.now))));
  assertEquals(run(schedule, record), ["10"]);
});

Deno.test("Schedule.at() makes the beginnings of faults first, then their ends, then the rest", () => {
  const schedule = new Schedule();
  const record: string[] = [];
  for (const rank of ["normal", "faultEnds", "faultBegins", "normal"] as const) {
    schedule.at(1, () => record.push(rank), false, RANKS[rank]);
  }
  assertEquals(run(schedule, record), ["faultBegins", "faultEnds", "normal", "normal"]);
});

Deno.test("Schedule.size does not count events in the background", () => {
  const schedule = new Schedule();
  const background = schedule.at(1, () => {}, true);
  schedule.at(2, () => {});
  assertEquals([schedule.size, schedule.next], [1, 1]);
  schedule.cancel(background);
  assertEquals([schedule.size, schedule.next], [1, 2]);
  schedule.step();
  assertEquals(schedule.size, 0);
});

Deno.test("Schedule.at() never calls an event after the last moment", () => {
  const schedule = new Schedule();
  const record: string[] = [];
  for (const time of [LAST_MOMENT + 2, 1e300, Infinity]) schedule.at(time, () => record.push("no"));
  assertEquals([schedule.size, schedule.next, schedule.step()], [0, Infinity, false]);
  schedule.at(LAST_MOMENT, () => record.push("last"));
  assertEquals(run(schedule, record), ["last"]);
  assertEquals(schedule.now, LAST_MOMENT);
});

Deno.test("Schedule.cancel() does nothing for an event that has been cancelled or made", () => {
  const schedule = new Schedule();
  const [made, cancelled] = [schedule.at(1, () => {}), schedule.at(2, () => {})];
  schedule.step();
  schedule.at(3, () => {});
  for (const event of [made, cancelled, cancelled]) schedule.cancel(event);
  assertEquals([schedule.size, schedule.next], [1, 3]);
});

Deno.test("Schedule.soon() calls functions after the event, before the next one", () => {
  const schedule = new Schedule();
  const record: string[] = [];
  schedule.soon(() => record.push("first"));
  schedule.at(0, () => {
    schedule.soon(() => record.push("soon"));
    record.push("event");
  });
  schedule.at(0, () => record.push("next"));
  assertEquals([schedule.size, schedule.next], [3, 0]);
  assertEquals(run(schedule, record), ["first", "event", "soon", "next"]);
});

Deno.test("Schedule.advanceTo() makes the events until a time, and moves the time there", () => {
  const schedule = new Schedule();
  const record: string[] = [];
  schedule.at(5, () => schedule.at(7, () => record.push("nested")));
  schedule.at(11, () => record.push("later"));
  schedule.advanceTo(10);
  assertEquals([schedule.now, record], [10, ["nested"]]);
});

Deno.test("Schedule.watch() calls a function after each scheduling, until it is ended", () => {
  const schedule = new Schedule();
  let calls = 0;
  schedule.watch(() => calls++);
  schedule.at(1, () => {});
  schedule.soon(() => {});
  schedule.watch(null);
  schedule.at(1, () => {});
  assertEquals(calls, 2);
});
