/**
 * A client that writes bytes and reads them again, with streams.
 *
 * @module
 */

import type { SimulatedHost } from "../../simulation/mod.ts";
import type { StreamSession, StreamWorld } from "./stream_world.ts";
import { WatchedStreams } from "./watched_streams.ts";

const MOST_PER_WRITE = 30_000;

/** Writes the bytes of a session, reads them again, and ends as the session demands. */
export class StreamClient extends WatchedStreams {
  readonly #session: StreamSession;

  /**
   * @param world What is checked.
   * @param host The host of the client.
   * @param session The session.
   */
  constructor(world: StreamWorld, host: SimulatedHost, session: StreamSession) {
    super(world, host);
    this.#session = session;
  }

  /** Returns a promise that settles when both directions have ended. */
  async exchange(): Promise<void> {
    const results = await Promise.allSettled([this.#write(), this.#read()]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #write(): Promise<void> {
    const { echo, ending } = this.#session;
    const writer = this.writable.getWriter();
    while (echo.sent < echo.bytes.length) {
      const end = Math.min(echo.sent + this.random.between(1, MOST_PER_WRITE), echo.bytes.length);
      const chunk = echo.bytes.slice(echo.sent, end);
      echo.sent = end;
      await this.sleepSometimes();
      await writer.write(chunk);
      // The writer may use its memory again when the write has resolved.
      chunk.fill(0);
      if (ending === "abort" && this.random.below(4) === 0) return await writer.abort("enough");
    }
    echo.isFinished = true;
    if (ending === "dispose") return await this[Symbol.asyncDispose]();
    await writer.close();
    this.world.network.sometimes("a client closes its stream", true);
  }

  async #read(): Promise<void> {
    const { echo, ending, hasDied } = this.#session;
    for await (const chunk of this.readable) {
      this.read(chunk);
      echo.arrived(chunk);
      await this.sleepSometimes();
      if (ending === "cancel" && this.random.below(4) === 0) return;
    }
    // After it has closed the connection itself, a client reads no more.
    if (ending === "dispose") return;
    echo.ended(hasDied());
  }
}
