import { assert, assertThrows } from "@std/assert";
import { denoProgram, ServerProcess } from "./server_process.ts";

Deno.test({
  name: "ServerProcess.cpuSeconds() is between the times in /proc before and after",
  ignore: Deno.build.os !== "linux",
  async fn(): Promise<void> {
    const server = await ServerProcess.start(denoProgram("servers/deno_loop.ts"));
    const before = secondsInProc(server.pid);
    const seconds = server.cpuSeconds();
    // Both times there are rounded down to units of 10 ms, and leave out what runs right now.
    const after = secondsInProc(server.pid) + 0.05;
    assert(before <= seconds && 0 < seconds && seconds <= after, `${before} ${seconds} ${after}`);
    await server[Symbol.asyncDispose]();
    assertThrows(() => server.cpuSeconds(), Error, `process ${server.pid}: it has ended`);
  },
});

function secondsInProc(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // After the command's name in brackets: fields 14 and 15 are utime and stime, proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
