import { assert, assertEquals, assertThrows } from "@std/assert";
import { endingOf } from "../testing/peers/raw_peer.ts";
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

Deno.test({
  name: "ServerProcess counts the workers of a server, and kills them with it",
  ignore: Deno.build.os !== "linux",
  async fn(): Promise<void> {
    const server = await ServerProcess.start(
      denoProgram("servers/http_workers.ts", ["epoll", "1"]),
    );
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: h\r\n\r\n"));
    const read = () => conn.read(new Uint8Array(1000));
    assert(await read() !== null);
    // Twice the start of a process.
    assert(server.cpuSeconds() > secondsInProc(server.pid) + 0.02);
    await server[Symbol.asyncDispose]();
    assertEquals(await endingOf(read().then((count) => assertEquals(count, null))), "end");
  },
});

function secondsInProc(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // After the command's name in brackets: fields 14 and 15 are utime and stime, proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
