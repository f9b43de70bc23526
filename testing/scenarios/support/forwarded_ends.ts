/**
 * The two ends of a connection that is forwarded.
 *
 * @module
 */

import { Protocol } from "../../../protocol/mod.ts";
import type { IHalfCloseableProtocol } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";
import { FlowSender } from "./flow_sender.ts";
import { Pauser } from "./pauser.ts";
import type { Flow, Session } from "./forwarded_session.ts";

/** A receiver pauses once for so many bytes, on average. */
const BYTES_PER_PAUSE = 50_000;
/** The longest pause, in milliseconds. */
const LONGEST_PAUSE = 1500;

/** What the ends need for their checks. */
export interface ForwardedWorld {
  readonly network: SimulatedNetwork;
  /** Returns a session by its number. */
  session(id: number): Session | null;
}

/** An end: it sends one flow and receives the other one. */
abstract class ForwardedEnd extends Protocol implements IHalfCloseableProtocol {
  protected readonly world: ForwardedWorld;
  readonly #host: SimulatedHost;
  #session: Session | null = null;
  #flows: { readonly out: Flow; readonly in: Flow } | null = null;
  #sender: FlowSender | null = null;
  #pauser: Pauser | null = null;

  constructor(world: ForwardedWorld, host: SimulatedHost) {
    super();
    this.world = world;
    this.#host = host;
  }

  override dataReceived(data: Uint8Array): void {
    const flows = this.#flows;
    if (flows === null) return;
    flows.in.arrived(data);
    this.world.network.sometimes(
      "data arrives after the other direction has ended",
      flows.out.isEnded,
    );
    this.#pauseSometimes(data.length);
  }

  readConnectionLost(): void {
    // A process that dies before it has sent anything says nothing about its session.
    if (this.#session === null || this.#sender?.isClosing) return;
    this.#flows?.in.ended(this.#session.hasDied);
  }

  writeConnectionLost(): void {}

  override connectionLost(): void {
    this.#sender?.stop();
    this.#pauser?.stop();
  }

  /** Starts to send. */
  protected join(session: Session, flows: { readonly out: Flow; readonly in: Flow }): void {
    this.#session = session;
    this.#flows = flows;
    const { world, transport } = this;
    this.#sender = new FlowSender(world.network, this.#host, transport, flows.out);
    this.#sender.start();
  }

  #pauseSometimes(bytes: number): void {
    const { random, reactor } = this.#host;
    if (random.below(BYTES_PER_PAUSE) >= bytes) return;
    this.world.network.sometimes("a receiver pauses", true);
    this.#pauser ??= new Pauser(reactor, random, this.transport);
    this.#pauser.pause(LONGEST_PAUSE);
  }
}

/** The client's end. */
export class ForwardedClient extends ForwardedEnd {
  readonly #session: Session;

  constructor(world: ForwardedWorld, host: SimulatedHost, session: Session) {
    super(world, host);
    this.#session = session;
  }

  override connectionMade(): void {
    const { toServer, toClient } = this.#session;
    this.join(this.#session, { out: toServer, in: toClient });
  }
}

/** The server's end, which learns from the first byte which session it belongs to. */
export class ForwardedServer extends ForwardedEnd {
  #isKnown = false;

  override dataReceived(data: Uint8Array): void {
    const session = this.#isKnown ? null : this.world.session(data[0] ?? -1);
    if (session !== null) {
      this.#isKnown = true;
      this.join(session, { out: session.toClient, in: session.toServer });
    }
    super.dataReceived(data);
  }
}
