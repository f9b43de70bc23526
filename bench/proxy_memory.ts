/**
 * Measures the memory growth of a forwarder between a fast server and a slow client. Linux only: it
 * reads /proc.
 *
 * `examples/portforward.ts` runs in its own process. The server sends as fast as it can. The client
 * reads nothing until the server stalls, which means that all buffers between them are full; then
 * it reads in bursts, after each of which the server stalls again. Fails if the resident memory of
 * the forwarder grows by more than 64 MiB.
 *
 * Usage: `deno run -A bench/proxy_memory.ts [MEBIBYTES]`
 *
 * @module
 */

import { ServerProcess } from "./server_process.ts";

const MEBIBYTE = 1 << 20;
const LIMIT_MIB = 64;
const BURST = 64 * MEBIBYTE;
// A server that has sent nothing for this time has stalled.
const STALL_MS = 100;
const SAMPLE_MS = 10;

const total = Number(Deno.args[0] ?? 1024) * MEBIBYTE;
/** Neighbouring parts of the pattern differ, because 251 is prime. */
const pattern = Uint8Array.from({ length: MEBIBYTE }, (_, i) => i % 251);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends all bytes as fast as the system accepts them. */
class FastServer {
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** The number of bytes that the system has accepted. */
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
    // Waits for the client to close its side.
    while (await conn.read(new Uint8Array(1)) !== null);
  }

  /** Waits until the system accepts no more bytes. */
  async stalled(): Promise<void> {
    for (let before = -1; before !== this.sent && this.sent < total;) {
      before = this.sent;
      await wait(STALL_MS);
    }
  }
}

/**
 * Reads in bursts, and checks the received bytes.
 *
 * @returns The number of times that the server stalled.
 */
async function readSlowly(port: number, server: FastServer): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(MEBIBYTE);
  let received = 0;
  let stops = 0;
  for (let pauseAt = 0;;) {
    if (received >= pauseAt) {
      await server.stalled();
      stops++;
      pauseAt += BURST;
    }
    const count = await conn.read(buffer);
    if (count === null) break;
    for (const at of [0, count - 1]) {
      if (buffer[at] !== pattern[(received + at) % pattern.length]) {
        throw new Error(`Byte ${received + at} differs from the sent one`);
      }
    }
    received += count;
  }
  if (received !== total) throw new Error(`Only ${received} of ${total} bytes arrived`);
  return stops;
}

const server = new FastServer();
await using forwarder = await ServerProcess.start("../examples/portforward.ts", [], [
  "127.0.0.1",
  String(server.port),
]);
await wait(500); // for its memory to settle after the start
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
  } s, the server stalled ${stops} times: ` +
    `memory ${(before / 1024).toFixed(1)} MiB at its start, ${
      (most / 1024).toFixed(1)
    } MiB at most, ` +
    `${grown.toFixed(1)} MiB more (limit ${LIMIT_MIB})`,
);
if (grown > LIMIT_MIB) Deno.exitCode = 1;
