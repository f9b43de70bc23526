/**
 * The protocols of the scenario of `ClientService`: a server that clients log in to and ping.
 *
 * @module
 */

import type { Deferred } from "../../../defer/mod.ts";
import { Heartbeat, HeartbeatTimeout, LineOnlyReceiver } from "../../../protocol/mod.ts";
import type { IDelayedCall } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost } from "../../simulation/mod.ts";

/** The options of the heartbeats. */
export const HEARTBEAT = { interval: 2, maxMissed: 2 };

/** What the server needs to know of its simulation. */
export interface LoginWorld {
  /** Whether the server makes no more trouble. */
  readonly isHealed: boolean;
}

/** The program of a client. */
export interface LoginProgram {
  readonly host: SimulatedHost;
  /** Records a state that some seed must reach. */
  sometimes(state: "a login is refused" | "a dead connection is noticed"): void;
  /** Throws now and then. */
  mayFail(method: string): void;
  /** Called when the answer to a ping has arrived. */
  answered(time: number): void;
}

/** The connection of the server. */
export class Server extends LineOnlyReceiver {
  readonly #host: SimulatedHost;
  readonly #world: LoginWorld;
  #accepting: IDelayedCall | null = null;

  constructor(host: SimulatedHost, world: LoginWorld) {
    super();
    this.#host = host;
    this.#world = world;
  }

  override textReceived(line: string): void {
    const { random } = this.#host;
    const chance = this.#world.isHealed ? 100 : random.below(100);
    if (line.startsWith("ping") && chance < 2) this.transport.loseConnection();
    else if (line.startsWith("ping")) this.sendLine(`pong${line.slice(4)}`);
    else if (chance < 10) this.sendLine("no");
    else if (chance < 15) this.transport.loseConnection();
    else if (chance < 20) this.transport.abortConnection();
    // Some logins are never answered.
    else if (chance >= 22) this.#accept(random.below(300) / 1000);
  }

  override connectionLost(): void {
    if (this.#accepting?.active()) this.#accepting.cancel();
  }

  #accept(delay: number): void {
    this.#accepting = this.#host.reactor.callLater(delay, () => this.sendLine("yes"));
  }
}

/** An error that a client makes on purpose. */
export class Mistake extends Error {}

/** The connection of a client. */
export class Client extends LineOnlyReceiver {
  readonly #program: LoginProgram;
  #heartbeat: Heartbeat | null = null;
  #login: Deferred<void> | null = null;
  /** Whether the server has accepted the login. */
  isLoggedIn = false;
  /** Whether the connection was lost. */
  isLost = false;

  constructor(program: LoginProgram) {
    super();
    this.#program = program;
  }

  override connectionMade(): void {
    const { reactor } = this.#program.host;
    this.#program.mayFail("connectionMade()");
    const send = () => this.ping(0);
    this.#heartbeat = new Heartbeat(reactor, this.transport, { ...HEARTBEAT, send });
    this.#heartbeat.start();
  }

  /** Logs in. Returns the Deferred, which fires with the answer. */
  logIn(login: Deferred<void>): Deferred<void> {
    this.#login = login;
    this.sendLine("login");
    return login;
  }

  /** Sends a ping, whose answer has the same time. */
  ping(time: number): void {
    this.sendLine(`ping ${time}`);
  }

  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    super.dataReceived(data);
  }

  override textReceived(line: string): void {
    if (line.startsWith("pong ")) return this.#program.answered(Number(line.slice(5)));
    const login = this.#login;
    this.#login = null;
    this.isLoggedIn = line === "yes";
    // The attempt may have ended while the server thought about it.
    if (login?.called ?? true) return;
    if (this.isLoggedIn) return login?.callback();
    this.#program.sometimes("a login is refused");
    login?.errback(new Error("the server refuses the login"));
  }

  override connectionLost(reason: Error): void {
    this.isLost = true;
    this.#heartbeat?.stop();
    if (reason instanceof HeartbeatTimeout) {
      this.#program.sometimes("a dead connection is noticed");
    }
  }
}
