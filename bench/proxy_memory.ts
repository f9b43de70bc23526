/**
 * A forwarder between a fast server and a slow client: how much its memory grows. Linux only: it
 * reads /proc.
 *
 * `examples/portforward.ts` runs in a process of its own. The server sends as fast as it can. The
 * client reads nothing until the server is stuck, which means that all that lies between them is
 * full; then it reads in bursts, each of which lets the server get stuck again. Fails when the
 * forwarder's resident memory grew by more than 64 MiB. usage: deno run -A bench/proxy_memory.ts
 * [MEBIBYTES]
 *
 * @module
 */

import { ServerProcess } from "./server_process.ts";

const MEBIBYTE = 1 << 20;
const LIMIT_MIB = 64;
const BURST = 64 * MEBIBYTE;
// A server that has sent nothing for this long is stuck.
const STUCK_MS = 100;
const SAMPLE_MS = 10;

const total = Number(Deno.args[0] ?? 1024) * MEBIBYTE;
/** Every place in it can be told from its neighbours: 251 is prime. */
const pattern = Uint8Array.from({ length: MEBIBYTE }, (_, i) => i % 251);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends all as fast as it is taken. */
class FastServer {
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** Bytes that the system has taken. */
  sent = 0;

  get port(): number {
    return this.#listener.addr.port;
  }

  async serve(): Promise<void> {
    using conn = await this.#listener.accept();
    this.#listener.close();
    while (this.sent < total) {
      const start = this.sent % pattern.length;
      this.sent += await conn.write(pattern.subarray(start, start + total - this.sent));
    }
    await conn.closeWrite();
    // Until the other side has closed too.
    while (await conn.read(new Uint8Array(1)) !== null);
  }

  /** Waits until nothing more is taken. */
  async stuck(): Promise<void> {
    for (let before = -1; before !== this.sent && this.sent < total;) {
      before = this.sent;
      await wait(STUCK_MS);
    }
  }
}

/** Reads in bursts, and checks what comes. @returns how often it let the server get stuck. */
async function readSlowly(port: number, server: FastServer): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(MEBIBYTE);
  let received = 0;
  let stops = 0;
  for (let pauseAt = 0;;) {
    if (received >= pauseAt) {
      await server.stuck();
      stops++;
      pauseAt += BURST;
    }
    const count = await conn.read(buffer);
    if (count === null) break;
    for (const at of [0, count - 1]) {
      if (buffer[at] !== pattern[(received + at) % pattern.length]) {
        throw new Error(`Byte ${received + at} is not what was sent`);
      }
    }
    received += count;
  }
  if (received !== total) throw new Error(`Of ${total} bytes, ${received} came`);
  return stops;
}

const server = new FastServer();
await using forwarder = await ServerProcess.start("../examples/portforward.ts", [], [
  "127.0.0.1",
  String(server.port),
]);
await wait(500); // until it has come to rest after its start
const before = forwarder.residentKiB();
let most = before;
const sampling = setInterval(
  () => most = Math.max(most, forwarder.residentKiB()),
  SAMPLE_MS,
);
const start = performance.now();
const serving = server.serve();
const stops = await readSlowly(forwarder.port, server);
await serving;
const seconds = (performance.now() - start) / 1000;
clearInterval(sampling);

const grown = (most - before) / 1024;
console.log(
  `${total / MEBIBYTE} MiB through the forwarder in ${
    seconds.toFixed(1)
  } s, the server stuck ${stops} times: ` +
    `memory ${(before / 1024).toFixed(1)} MiB at its start, ${
      (most / 1024).toFixed(1)
    } MiB at most, ` +
    `${grown.toFixed(1)} MiB more (limit ${LIMIT_MIB})`,
);
if (grown > LIMIT_MIB) Deno.exitCode = 1;
