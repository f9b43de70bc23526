/**
 * A mail server and its client, which start TLS.
 *
 * @module
 */

import { LineReceiver } from "../../../protocol/mod.ts";
import { ConnectionDone, TLSError } from "../../../reactor/errors.ts";
import type { SimulatedHost } from "../../simulation/mod.ts";
import { Pauser } from "./pauser.ts";
import {
  EARLY_BYTES,
  GO_AHEAD,
  HANDSHAKE_TIMEOUT,
  INJECTED,
  NOT_AVAILABLE,
  type StartTLSWorld,
} from "./starttls_world.ts";
import type { WirePair } from "./wire.ts";

const MOST_SECRETS = 8;
/** The longest secret, in characters: longer than a TLS record. */
const LONGEST_SECRET = 20_000;
const LONGEST_PAUSE = 500;
/** The longest time between the agreement to start TLS and the start, in milliseconds. */
const LONGEST_DELAY = 30;

/** One end of a session. */
abstract class MailEnd extends LineReceiver {
  override MAX_LENGTH = LONGEST_SECRET + 100;
  protected readonly world: StartTLSWorld;
  protected readonly host: SimulatedHost;
  protected wires: WirePair | null = null;
  #pauser: Pauser | null = null;
  #cancelCall: () => void = () => {};
  /** Whether it has paused to start TLS. It pauses no more then. */
  #isUpgrading = false;
  #isStarting = false;

  constructor(world: StartTLSWorld, host: SimulatedHost) {
    super();
    this.world = world;
    this.host = host;
  }

  override textReceived(line: string): void {
    const { network } = this.world;
    const { secure, tlsStarted } = this.transport;
    if (tlsStarted && !secure) network.fail(`${this.host} has received a line in the handshake`);
    if (tlsStarted && line.startsWith(INJECTED)) network.fail(`${this.host} executes ${line}`);
    this.heard(line);
    this.#pauseSometimes();
  }

  override connectionLost(reason: Error): void {
    this.#pauser?.stop();
    this.#cancelCall();
    if (this.#isStarting) this.world.network.fail("connectionLost() was called in startTLS()");
    const isHandshake = reason instanceof TLSError && reason.phase === "handshake";
    this.world.network.sometimes("a handshake fails", isHandshake);
  }

  /** Called with each line. */
  protected abstract heard(line: string): void;

  /**
   * Starts TLS, at once or after a pause in which bytes may arrive.
   *
   * @param agree Called before the pause.
   * @param start Called after it.
   */
  protected upgradeSoon(agree: () => void, start: () => void): void {
    const { random } = this.host;
    if (random.below(2) === 0) {
      agree();
      return start();
    }
    // Nothing else may resume it before TLS has started.
    this.#isUpgrading = true;
    this.#pauser?.stop();
    this.pauseProducing();
    agree();
    this.later(LONGEST_DELAY, () => {
      start();
      this.resumeProducing();
    });
  }

  /** Calls a function after a random time in milliseconds, unless the connection is lost. */
  protected later(longest: number, f: () => void): void {
    const { random, reactor } = this.host;
    const call = reactor.callLater(random.between(0, longest) / 1000, f);
    this.#cancelCall = () => {
      if (call.active()) call.cancel();
    };
  }

  /** Starts TLS, and treats the bytes that have arrived early in one of the possible ways. */
  protected upgrade(options: { cert?: string; key?: string } = {}): void {
    const { random } = this.host;
    const early = random.pick(EARLY_BYTES);
    const received = early === "keep" ? new Uint8Array() : this.clearLineBuffer();
    this.world.network.sometimes("bytes arrive before the upgrade", received.length > 0);
    const tls = { ...options, handshakeTimeout: HANDSHAKE_TIMEOUT };
    this.#isStarting = true;
    this.transport.startTLS(early === "pass on" ? { ...tls, received } : tls);
    this.#isStarting = false;
    this.#pauseSometimes();
  }

  #pauseSometimes(): void {
    const { random, reactor } = this.host;
    if (this.#isUpgrading || random.below(10) > 0) return;
    this.#pauser ??= new Pauser(reactor, random, this);
    this.#pauser.pause(LONGEST_PAUSE);
  }
}

/** The server. */
export class MailServer extends MailEnd {
  override connectionMade(): void {
    this.sendLine("220 ready");
  }

  /** Continues over TLS. */
  handshakeCompleted(): void {
    this.world.network.sometimes("the server has started TLS", true);
  }

  protected override heard(line: string): void {
    const [verb, id] = line.split(" ");
    if (verb === "EHLO") this.wires = this.world.wires.of(String(id));
    if (this.transport.secure) this.wires?.toServer.received(line);
    if (verb === "EHLO") this.#reply(this.transport.secure ? "250 hello" : "250 STARTTLS");
    else if (verb === "STARTTLS") this.#startTLS();
    else if (verb === "SECRET") this.#takeSecret(line);
    else if (verb === "QUIT") this.#quit();
    else this.#reply("502 unknown command");
  }

  #startTLS(): void {
    const { random } = this.host;
    if (this.transport.tlsStarted) return this.#reply("503 TLS is on already");
    if (random.below(8) === 0) return this.#reply(NOT_AVAILABLE);
    const agree = () => this.sendLine(GO_AHEAD);
    const start = () => {
      this.upgrade({ cert: "cert", key: "key" });
      // A line that is written before the handshake is complete must wait for it.
      if (random.below(2) === 0 && this.transport.connected) this.#replyOverTLS("220 protected");
    };
    // The client waits for the answer, so that it may also be given later.
    if (random.below(3) === 0) this.later(LONGEST_DELAY, () => this.upgradeSoon(agree, start));
    else this.upgradeSoon(agree, start);
  }

  #takeSecret(line: string): void {
    if (!this.transport.secure) this.world.network.fail("a secret has arrived without TLS");
    this.#reply(`250 ${line.length}`);
  }

  #quit(): void {
    this.#reply("221 Bye");
    this.transport.loseConnection();
  }

  #reply(line: string): void {
    if (this.transport.secure) this.#replyOverTLS(line);
    else this.sendLine(line);
  }

  #replyOverTLS(line: string): void {
    this.wires?.toClient.sent(line);
    this.sendLine(line);
  }
}

/** The client. */
export class MailClient extends MailEnd {
  readonly #id: number;
  readonly #secrets: string[];
  #isGreeted = false;
  #isComplete = false;
  #hasRefusal = false;
  #hasAsked = false;

  /**
   * @param world What is checked.
   * @param host The host of the client.
   * @param id The number of the session.
   */
  constructor(world: StartTLSWorld, host: SimulatedHost, id: number) {
    super(world, host);
    this.#id = id;
    this.wires = world.wires.of(String(id));
    const { random } = host;
    this.#secrets = Array.from(
      { length: random.between(1, MOST_SECRETS) },
      (_, i) => `SECRET ${i} ${"s".repeat(random.between(0, random.pick([10, LONGEST_SECRET])))}`,
    );
  }

  /** Begins again, as RFC 3207 demands. */
  handshakeCompleted(): void {
    this.#say(`EHLO ${this.#id}`);
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    const isCut = this.transport.secure && !this.#isComplete && reason instanceof ConnectionDone;
    if (isCut) this.world.network.fail(`session ${this.#id} was cut, and ends cleanly`);
    this.world.end(this.#id, this.#isComplete ? null : reason);
  }

  protected override heard(line: string): void {
    if (this.transport.secure) return this.#heardOverTLS(line);
    // An attacker can write whatever it likes before the upgrade.
    if (line.startsWith(INJECTED)) return;
    if (line === GO_AHEAD && this.#hasAsked) this.upgradeSoon(() => {}, () => this.upgrade());
    else if (line === NOT_AVAILABLE) {
      this.#hasRefusal = true;
      this.sendLine("QUIT");
    } else if (!this.#isGreeted) {
      this.#isGreeted = true;
      this.sendLine(`EHLO ${this.#id}`);
    } else if (!this.#hasAsked) {
      this.#hasAsked = true;
      this.sendLine("STARTTLS");
    } else {
      this.world.network.sometimes("a server refuses to start TLS", this.#hasRefusal);
    }
  }

  #heardOverTLS(line: string): void {
    this.wires?.toClient.received(line);
    if (line === "220 protected") return;
    if (line === "221 Bye") {
      this.#isComplete = true;
      return;
    }
    this.#say(this.#secrets.shift() ?? "QUIT");
  }

  #say(line: string): void {
    this.wires?.toServer.sent(line);
    this.sendLine(line);
  }
}
