/**
 * The load of `tables/websocket.ts`: connections that each wait for an echo before they send
 * again. It sends prepared frames and counts bytes, so that its own share of the time is small.
 *
 * @module
 */

import { WebSocketEncoder } from "../../protocol/websocket/mod.ts";

const HEAD = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/** A kind of load. */
export interface EchoLoad {
  /** The message. */
  readonly message: string | Uint8Array<ArrayBuffer>;
  /** The number of messages in one write, whose echoes are awaited together. */
  readonly batch: number;
  /** The number of connections. */
  readonly connections: number;
}

/** A connection. */
class Client implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #frames: Uint8Array;
  readonly #echoSize: number;
  readonly #buffer = new Uint8Array(262_144);

  private constructor(conn: Deno.TcpConn, { message, batch }: EchoLoad) {
    this.#conn = conn;
    const masked = new WebSocketEncoder({ role: "client" }).encode(message);
    this.#frames = new Uint8Array(masked.length * batch);
    for (let i = 0; i < batch; i++) this.#frames.set(masked, i * masked.length);
    this.#echoSize = new WebSocketEncoder().encode(message).length * batch;
  }

  static async connect(port: number, load: EchoLoad): Promise<Client> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const client = new Client(conn, load);
    await client.#write(new TextEncoder().encode(HEAD));
    const length = await conn.read(client.#buffer) ?? 0;
    const answer = new TextDecoder().decode(client.#buffer.subarray(0, length));
    if (answer.startsWith("HTTP/1.1 101 ") && answer.endsWith("\r\n\r\n")) return client;
    throw new Error(`The server answered ${JSON.stringify(answer)}`);
  }

  /** Sends batches, and waits for the echoes of each. */
  async exchange(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.#write(this.#frames);
      for (let missing = this.#echoSize; missing > 0;) {
        const count = await this.#conn.read(this.#buffer);
        if (count === null) throw new Error("The server closed the connection");
        missing -= count;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }
}

/**
 * Exchanges messages with an echo server.
 *
 * @param messages The number of messages of all connections together.
 * @returns The seconds that the exchange took, without the handshakes.
 */
export async function runLoad(port: number, load: EchoLoad, messages: number): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: load.connections }, () => Client.connect(port, load)),
  );
  try {
    const rounds = Math.ceil(messages / load.connections / load.batch);
    const start = performance.now();
    await Promise.all(clients.map((client) => client.exchange(rounds)));
    return (performance.now() - start) / 1000;
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}
