/**
 * The sending side of a forwarded connection.
 *
 * @module
 */

import type { IPushProducer, ITransport } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";
import type { Flow } from "./forwarded_session.ts";

/** The largest number of bytes that is written at once. */
const MOST_PER_WRITE = 30_000;
/** The longest time between two writes, in milliseconds. */
const LONGEST_WAIT = 50;

/** Whether a sender writes without regard to the buffer, or as a producer of the transport. */
const WAYS = ["plain", "push", "pull"] as const;

/** Sends the bytes of a flow, and ends it as the flow demands. */
export class FlowSender implements IPushProducer {
  readonly #host: SimulatedHost;
  readonly #transport: ITransport;
  readonly #flow: Flow;
  readonly #way: typeof WAYS[number];
  /** Whether the end is requested before the bytes are sent: a producer holds it back. */
  readonly #endsEarly: boolean;
  #isPaused = false;
  #isOver = false;
  #cancelNext: () => void = () => {};

  /**
   * @param network The network, for its states.
   * @param host The host of the sender.
   * @param transport The connection.
   * @param flow The bytes.
   */
  constructor(
    network: SimulatedNetwork,
    host: SimulatedHost,
    transport: ITransport,
    flow: Flow,
  ) {
    this.#host = host;
    this.#transport = transport;
    this.#flow = flow;
    this.#way = host.random.pick(WAYS);
    this.#endsEarly = this.#way !== "plain" && host.random.below(2) === 0;
    network.sometimes(`a ${this.#way} sender starts`, true);
  }

  /** Whether the end closes the connection, so that nothing more is received. */
  get isClosing(): boolean {
    const isRequested = this.#endsEarly || this.#flow.isFinished;
    return isRequested && this.#flow.ending !== "half-close";
  }

  /** Starts to send. */
  start(): void {
    if (this.#way === "plain") return this.#writeOn();
    if (this.#way === "push") this.#transport.registerProducer(this, true);
    else this.#transport.registerProducer(this, false);
    if (this.#endsEarly) this.#end();
    if (this.#way === "push") this.#writeOn();
  }

  /** Sends no more. */
  stop(): void {
    this.#isOver = true;
    this.#cancelNext();
  }

  pauseProducing(): void {
    this.#isPaused = true;
    this.#cancelNext();
  }

  resumeProducing(): void {
    this.#isPaused = false;
    if (this.#way === "push") this.#writeLater();
    else if (!this.#isOver) this.#write();
  }

  stopProducing(): void {
    this.stop();
  }

  #writeLater(): void {
    const { random, reactor } = this.#host;
    const call = reactor.callLater(random.between(0, LONGEST_WAIT) / 1000, () => this.#writeOn());
    this.#cancelNext = () => {
      if (call.active()) call.cancel();
    };
  }

  /** Writes some bytes now and the next ones later, while the transport has room. */
  #writeOn(): void {
    this.#write();
    if (!this.#isOver && !this.#isPaused) this.#writeLater();
  }

  /** Writes some bytes. */
  #write(): void {
    const { random } = this.#host;
    const flow = this.#flow;
    const end = Math.min(flow.sent + random.between(1, MOST_PER_WRITE), flow.bytes.length);
    const data = flow.bytes.slice(flow.sent, end);
    flow.sent = end;
    this.#transport.write(data);
    if (flow.ending === "abort" && random.below(4) === 0) {
      this.stop();
      this.#transport.abortConnection();
    } else if (end === flow.bytes.length) {
      this.stop();
      this.#finish();
    }
  }

  #finish(): void {
    this.#flow.isFinished = true;
    if (!this.#endsEarly) this.#end();
    if (this.#way !== "plain") this.#transport.unregisterProducer();
  }

  #end(): void {
    if (this.#flow.ending === "half-close") this.#transport.loseWriteConnection();
    else this.#transport.loseConnection();
  }
}
