import { assert, assertEquals } from "@std/assert";
import { LoadGenerator } from "./load_generator.ts";
import { denoProgram, isInstalled, ServerProcess } from "./server_process.ts";

const STALL_MS = 300;

/** After so many bytes, the stall begins: the warm-up of the load is over. */
const STALL_AT = 400 * 64;

/** An echo server that stalls once, when it has received some messages. */
const STALLING = `
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log("listening on " + listener.addr.port);
  let received = 0;
  for await (const conn of listener) {
    (async () => {
      const buffer = new Uint8Array(65536);
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        const before = received;
        received += n;
        if (before < ${STALL_AT} && received >= ${STALL_AT}) {
          for (const end = performance.now() + ${STALL_MS}; performance.now() < end;);
        }
        for (let at = 0; at < n;) at += await conn.write(buffer.subarray(at, n));
      }
      conn.close();
    })();
  }`;

/** Reports whether the generator can be compiled. Prints the reason if it cannot. */
function hasCompiler(): boolean {
  if (isInstalled("cc")) return true;
  assert(!Deno.env.has("CI"), "there is no C compiler");
  console.log("The tests of the load generator are left out: there is no cc.");
  return false;
}

/** Runs a server and a generator, unless there is no compiler. */
async function withServer(
  program: string,
  use: (generator: LoadGenerator, server: ServerProcess) => Promise<void>,
): Promise<void> {
  if (!hasCompiler()) return;
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, program);
    const { command, args } = denoProgram(`file://${file}`);
    await using server = await ServerProcess.start({ command, args });
    await use(await LoadGenerator.create(), server);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("LoadGenerator.rate() counts the latency of messages that wait for a stalled server", async () => {
  await withServer(STALLING, async (generator, server) => {
    const load = { connections: 4, size: 64, perSecond: 1000 };
    const { p99 = 0, max = 0 } = await generator.rate(server, load, 1);
    // A generator that waits for each answer would see the stall in one message of each connection.
    assert(p99 > STALL_MS * 1000 * 0.5, `p99 is ${p99} µs`);
    assert(max > STALL_MS * 1000 * 0.8, `the longest latency is ${max} µs`);
  });
});

Deno.test("LoadGenerator.exchange() counts units and processor time, and hold() opens connections", async () => {
  await withServer(STALLING, async (generator, server) => {
    const load = { connections: 3, size: 100, ahead: 4 };
    const exchanged = await generator.exchange(server, load, 0.05);
    assertEquals(Object.keys(exchanged), ["perSecond", "cpu"]);
    assert((exchanged.perSecond ?? 0) > 0 && (exchanged.cpu ?? 0) > 0);
    await using held = generator.hold(server);
    await held.open(5);
    await held.open(3);
  });
});
