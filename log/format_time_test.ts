import { assertEquals } from "@std/assert";
import { formatTime } from "./format_time.ts";

/**
 * Returns the results of `formatTime` for `times` in another time zone. A process has one time
 * zone, so another process computes them.
 */
async function formatIn(zone: string, ...times: number[]): Promise<string[]> {
  const url = JSON.stringify(new URL("./format_time.ts", import.meta.url).href);
  const code = `import { formatTime } from ${url};
    for (const time of ${JSON.stringify(times)}) console.log(formatTime(time));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", code],
    env: { TZ: zone },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

Deno.test("formatTime() writes Twisted's format with the local offset", async () => {
  const times = [1282182229, 0, 1282182229.999];
  assertEquals(await formatIn("UTC", ...times), [
    "2010-08-19 01:43:49+0000",
    "1970-01-01 00:00:00+0000",
    "2010-08-19 01:43:49+0000",
  ]);
});

Deno.test("formatTime() writes offsets of half hours, and west of Greenwich", async () => {
  assertEquals(await formatIn("Asia/Kolkata", 1282182229), ["2010-08-19 07:13:49+0530"]);
  assertEquals(await formatIn("America/St_Johns", 1282182229), ["2010-08-18 23:13:49-0230"]);
});

Deno.test("formatTime() uses the time zone offset of the given date, in summer or winter", async () => {
  assertEquals(await formatIn("Europe/Berlin", 1262304000, 1277942400), [
    "2010-01-01 01:00:00+0100",
    "2010-07-01 02:00:00+0200",
  ]);
});

Deno.test("formatTime() returns a hyphen for a value that is not a time", () => {
  assertEquals([formatTime(NaN), formatTime(Infinity)], ["-", "-"]);
});
