import { assertEquals, assertRejects } from "@std/assert";
import { type End, hostTurn, MOMENT_LIMIT, runSchedule } from "./run_schedule.ts";
import { Schedule } from "./schedule.ts";

/** A simulation whose events all call its program. */
class Run {
  readonly schedule = new Schedule();
  readonly record: string[] = [];
  entered = false;
  isDone = false;
  check: () => boolean = () => false;
  continued = 0;

  /** Schedules a call of the program. */
  at(time: number, f: () => unknown): void {
    this.schedule.at(time, () => {
      this.entered = true;
      f();
    });
  }

  run(limit = Infinity): Promise<End> {
    return runSchedule(this.schedule, {
      limit,
      isDone: () => this.isDone,
      hasEntered: () => this.entered,
      check: () => {
        this.entered = false;
        return this.check();
      },
      continuedOutside: () => {
        this.continued++;
      },
    });
  }
}

Deno.test("runSchedule() lets all promises of an event settle before the next event", async () => {
  const run = new Run();
  run.at(1, async () => {
    for (let i = 0; i < 1000; i++) await null;
    run.record.push("settled");
  });
  run.at(1, () => run.record.push("next"));
  assertEquals([await run.run(), run.record], ["idle", ["settled", "next"]]);
});

Deno.test("runSchedule() checks when the promises of an event have settled", async () => {
  const run = new Run();
  run.at(1, async () => {
    run.record.push("event");
    await null;
    run.record.push("settled");
  });
  run.schedule.at(2, () => run.record.push("not of a program"));
  run.check = () => {
    run.record.push("check");
    return false;
  };
  await run.run();
  assertEquals(run.record, ["event", "settled", "check", "not of a program"]);
});

Deno.test("runSchedule() lets promises settle when a check has called the scenario", async () => {
  const run = new Run();
  run.at(1, () => {});
  run.at(2, () => run.record.push("next event"));
  let calls = 0;
  run.check = () => {
    if (calls++ > 0) return false;
    Promise.resolve().then(() => run.record.push("settled"));
    return true;
  };
  await run.run();
  assertEquals(run.record, ["settled", "next event"]);
});

Deno.test("runSchedule() ends when it is done, idle, or at the limit", async () => {
  const [done, idle, limited] = [new Run(), new Run(), new Run()];
  for (const run of [done, idle, limited]) for (const time of [1, 2]) run.at(time, () => {});
  done.at(1, () => done.isDone = true);
  idle.schedule.at(9, () => {}, true);
  assertEquals(await Promise.all([done.run(), idle.run(), limited.run(1)]), [
    "done",
    "idle",
    "limit",
  ]);
  assertEquals([done.schedule.now, idle.schedule.now, limited.schedule.now], [1, 2, 1]);
});

Deno.test("runSchedule() gives the host's event loop a turn, even without a program", async () => {
  const run = new Run();
  let turns = 0;
  const next = () => void run.schedule.at(run.schedule.now + 1, next);
  next();
  const breathing = (async () => {
    while (!run.isDone) {
      await hostTurn();
      if (++turns === 3) run.isDone = true;
    }
  })();
  assertEquals(await run.run(), "done");
  await breathing;
});

Deno.test("runSchedule() rejects with the error of an event or a check", async () => {
  const [event, check] = [new Run(), new Run()];
  for (const run of [event, check]) run.at(1, () => {});
  event.at(1, () => {
    throw new RangeError("event");
  });
  check.check = () => {
    throw new RangeError("check");
  };
  await assertRejects(() => event.run(), RangeError, "event");
  await assertRejects(() => check.run(), RangeError, "check");
});

Deno.test("runSchedule() ends when the events of one moment never end", async () => {
  const [endless, many] = [new Run(), new Run()];
  const again = () => endless.at(5, again);
  again();
  assertEquals([await endless.run(), endless.schedule.now], ["endless", 5]);
  for (const time of [5, 6]) {
    for (let i = 0; i < MOMENT_LIMIT; i++) many.schedule.at(time, () => {});
  }
  assertEquals(await many.run(), "idle");
});

Deno.test("runSchedule() reports code that a promise of the host continues", async () => {
  const [busy, idle, ending, own] = [new Run(), new Run(), new Run(), new Run()];
  const keepBusy = (run: Run) => {
    const again = () => {
      if (run.schedule.now < 10_000) run.at(run.schedule.now + 1, again);
    };
    again();
  };
  keepBusy(busy);
  busy.at(1, async () => {
    await hostTurn();
    busy.at(20_000, () => busy.record.push("made"));
  });
  idle.at(1, async () => {
    await hostTurn();
    idle.at(2, () => idle.record.push("made"));
  });
  ending.at(1, async () => {
    await hostTurn();
    ending.isDone = true;
  });
  keepBusy(own);
  for (const [run, end] of [[busy, "idle"], [idle, "idle"], [ending, "done"]] as const) {
    assertEquals([await run.run(), run.continued], [end, 1]);
  }
  assertEquals([busy.record, idle.record], [["made"], ["made"]]);
  assertEquals([await own.run(), own.continued], ["idle", 0]);
});
