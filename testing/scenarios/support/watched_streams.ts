/**
 * A `StreamProtocol` whose events are checked.
 *
 * @module
 */

import { Deferred } from "../../../defer/mod.ts";
import { StreamProtocol } from "../../../protocol/mod.ts";
import type { RandomStream, SimulatedHost } from "../../simulation/mod.ts";
import type { StreamWorld } from "./stream_world.ts";

/** The largest chunk that a simulated connection delivers. */
const MOST_CHUNK = 262144;
/** High-water marks of the readable stream. */
const HIGH_WATER_MARKS = [0, 1, 1000, 65536];

/** One end of a session. */
export class WatchedStreams extends StreamProtocol {
  protected readonly world: StreamWorld;
  protected readonly host: SimulatedHost;
  protected readonly random: RandomStream;
  readonly #highWaterMark: number;
  /** The bytes that wait to be read. */
  #unread = 0;
  #cancelSleep: () => void = () => {};

  /**
   * @param world What is checked.
   * @param host The host of this end.
   */
  constructor(world: StreamWorld, host: SimulatedHost) {
    const highWaterMark = host.random.pick(HIGH_WATER_MARKS);
    super({ highWaterMark });
    this.world = world;
    this.host = host;
    this.random = host.random;
    this.#highWaterMark = highWaterMark;
  }

  override dataReceived(data: Uint8Array): void {
    this.#unread += data.length;
    super.dataReceived(data);
    if (this.#unread <= this.#highWaterMark + MOST_CHUNK) return;
    this.world.network.fail(`${this.host}: a stream keeps ${this.#unread} unread bytes`);
  }

  override connectionLost(reason: Error): void {
    this.#cancelSleep();
    super.connectionLost(reason);
  }

  /** Records that bytes were read. */
  protected read(bytes: Uint8Array): void {
    this.#unread -= bytes.length;
  }

  /** Waits sometimes, for less than a second. Ends when the connection is lost. */
  protected async sleepSometimes(): Promise<void> {
    if (this.random.below(20) > 0 || !this.transport.connected) return;
    const slept = new Deferred<void>();
    const call = this.host.reactor.callLater(this.random.between(0, 800) / 1000, () => {
      slept.callback();
    });
    this.#cancelSleep = () => {
      if (!call.active()) return;
      call.cancel();
      slept.callback();
    };
    await slept;
  }
}
