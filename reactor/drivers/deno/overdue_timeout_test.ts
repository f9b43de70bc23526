/**
 * A process that is stopped past its timeouts and continued: bytes that its peers sent in time must
 * be handled before the timeouts.
 */

import { assertEquals } from "@std/assert";
import { Program } from "../../../testing/fixtures/program.ts";
import { RawPeer } from "../../../testing/peers/raw_peer.ts";

const program = new URL("../../../testing/fixtures/stopped_program.ts", import.meta.url).href;
const onUnix = { ignore: Deno.build.os === "windows" };

/** Milliseconds after which a timeout of `stopped_program.ts` is overdue. */
const PAST_DEADLINE = 1300;

/** The type of encrypted TLS records. */
const ENCRYPTED = 23;

/** A server that can be stopped. */
async function start(deadline: "handshake" | "idle"): Promise<[Program, number, string]> {
  const server = new Program(["run", "--quiet", "--allow-all", program, deadline]);
  const [, ca = ""] = await server.line(/^ca (.*)$/);
  const [, port] = await server.line(/^port (\d+)$/);
  return [server, Number(port), JSON.parse(ca)];
}

/** Stops the server, sends data to it, and continues it once its timeout is overdue. */
async function sendWhileStopped(server: Program, send: () => Promise<void>): Promise<void> {
  server.send("SIGSTOP");
  await send();
  await new Promise((resolve) => setTimeout(resolve, PAST_DEADLINE));
  server.send("SIGCONT");
}

/** Forwards bytes until either side closes. */
async function relayed(from: RawPeer, to: RawPeer): Promise<void> {
  try {
    for (let bytes = await from.readOnce(); bytes !== null; bytes = await from.readOnce()) {
      await to.send(bytes);
    }
  } catch (error) {
    const { Interrupted, BadResource } = Deno.errors;
    if (!(error instanceof Interrupted || error instanceof BadResource)) throw error;
  }
}

/**
 * Reads the records of a TLS 1.3 client up to its first encrypted one, which ends the handshake.
 */
async function readFinished(client: RawPeer): Promise<Uint8Array> {
  const records: number[] = [];
  for (let type = 0; type !== ENCRYPTED;) {
    const header = await client.read(5);
    const [first = 0, , , high = 0, low = 0] = header;
    records.push(...header, ...await client.read(high * 256 + low));
    type = first;
  }
  return Uint8Array.from(records);
}

Deno.test(
  "DenoReactor delivers bytes that arrived in time before an overdue idle timeout",
  onUnix,
  async () => {
    const [server, port] = await start("idle");
    await using _ = server;
    const peer = await RawPeer.connect(port);
    const [line] = await server.line(/^connected$|handshake/);
    assertEquals(line, "connected");
    await sendWhileStopped(server, () => peer.send("in time\r\n"));
    assertEquals(await peer.readText(10), "received\r\n");
    peer.close();
    await server.line("lost ConnectionDone");
  },
);

Deno.test(
  "DenoReactor completes a handshake that arrived in time despite an overdue timeout",
  onUnix,
  async () => {
    const [server, port, ca] = await start("handshake");
    await using _ = server;
    using relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connecting = Deno.connectTls({
      hostname: "localhost",
      port: relay.addr.port,
      caCerts: [ca],
    });
    const inner = new RawPeer(await relay.accept());
    const outer = await RawPeer.connect(port);
    const client = await connecting;
    const handshake = client.handshake();
    await outer.send(await inner.readOnce() ?? "");
    const answers = relayed(outer, inner);
    await handshake;
    const finished = await readFinished(inner);
    await sendWhileStopped(server, () => outer.send(finished));
    const [line] = await server.line(/^connected$|handshake/);
    assertEquals(line, "connected");
    for (const each of [client, outer, inner]) each.close();
    await answers;
  },
);
