/**
 * A server that sends back what it receives, with streams.
 *
 * @module
 */

import { WatchedStreams } from "./watched_streams.ts";

const WAYS = ["pipe", "loop", "transform"] as const;

/** Sends back what it receives, and ends when the client has ended. */
export class StreamEcho extends WatchedStreams {
  override connectionMade(): void {
    super.connectionMade();
    const way = this.random.pick(WAYS);
    this.#serve(way).then(
      () => this.world.network.sometimes(`a ${way} ends`, true),
      (error: unknown) => {
        this.world.network.sometimes(`a ${way} fails`, true);
        this.host.note(`the ${way} fails: ${error}`);
      },
    );
  }

  async #serve(way: typeof WAYS[number]): Promise<void> {
    const { readable, writable } = this;
    if (way === "loop") return await this.#loop();
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.read(chunk);
        controller.enqueue(chunk);
        return way === "transform" ? this.sleepSometimes() : undefined;
      },
    });
    await readable.pipeThrough(counter).pipeTo(writable);
  }

  async #loop(): Promise<void> {
    const writer = this.writable.getWriter();
    for await (const chunk of this.readable) {
      this.read(chunk);
      await this.sleepSometimes();
      await writer.write(chunk);
    }
    await writer.close();
  }
}
