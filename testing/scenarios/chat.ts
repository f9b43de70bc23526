/**
 * A chat room, after `examples/chat.ts`, and members who reconnect.
 *
 * Invariants:
 *
 * - On each connection, each line arrives at most once, unchanged and in order. A connection that
 *   stays open delivers all lines.
 * - A message reaches a member once, and the sender learns whether the room has it: by a
 *   confirmation, or by the loss of the connection.
 * - A confirmed message reaches each member who is in the room from its sending until it is
 *   confirmed, or that member loses the connection.
 * - The room has exactly the members whose connections are open.
 * - After the faults have ended, all members are in the room within the time that the timeouts and
 *   the retry policy allow.
 * - Each connection is lost once, and no timed call is left.
 *
 * @module
 */

import { Deferred } from "../../defer/mod.ts";
import {
  backoffPolicy,
  ClientService,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
} from "../../endpoints/mod.ts";
import { Heartbeat, HeartbeatTimeout, LineReceiver } from "../../protocol/mod.ts";
import { LoopingCall } from "../../task/mod.ts";
import { DEFAULT_FAULTS, type SimulatedHost, type SimulatedNetwork } from "../simulation/mod.ts";
import { WatchedConnections } from "./support/watched_connections.ts";
import { type Wire, Wires } from "./support/wire.ts";

const SERVER = "server";
const PORT = 2000;
const TLS_PORT = 2001;
/** Each side sends a heartbeat after these seconds of silence. */
const HEARTBEAT = { interval: 2, maxMissed: 2 };
/** Each side notices within these seconds that the other one is gone, even if it was paused. */
const NOTICED_WITHIN = HEARTBEAT.interval * (HEARTBEAT.maxMissed + 2);
const CONNECT_TIMEOUT = 3;
/** The limit for connecting and for entering the room, together. */
const ATTEMPT_TIMEOUT = 5;
const LONGEST_WAIT = 4;
/**
 * The members are in the room again within this time: the end of the old connection is noticed, an
 * attempt that is in progress times out, and one wait follows, with its jitter of a second. The
 * rest is for the next attempt and for clocks that are wrong.
 */
const RECONNECTED_WITHIN = NOTICED_WITHIN + ATTEMPT_TIMEOUT + LONGEST_WAIT + 1 + 2;

/** A run is short, so that its faults are more frequent than by default. */
const FAULTS = {
  ...DEFAULT_FAULTS,
  reset: 0.003,
  "half-open": 0.002,
  partition: 2,
  "one-way partition": 2,
  pause: 3,
  crash: 1,
  "crash losing data": 1,
  kill: 1,
};

const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;
const PROMPT = "What's your name?";
/** The beginning of a member's first line. */
const HELLO = "/hello ";
const PING = "/ping";
const PONG = "/pong";
const TAKEN = " is here already. Please choose another.";

/** What the hosts of a simulation share for the checks. */
class World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly wires: Wires;
  /** The current room, of the server's running process. */
  room = new Room();
  /** The current connection of each member; it may be lost. */
  readonly members = new Map<SimulatedHost, Member>();
  isQuiet = false;

  constructor(network: SimulatedNetwork) {
    this.network = network;
    this.connections = new WatchedConnections(network);
    this.wires = new Wires(network);
  }
}

/** The people in the chat. */
export class Room {
  readonly people = new Map<string, Talker>();

  /** Sends a line to everybody except one person. */
  say(line: string, except: Talker): void {
    for (const talker of this.people.values()) if (talker !== except) talker.tell(line);
  }
}

/** One end of a member's connection. */
abstract class End extends LineReceiver {
  override delimiter = "\n";
  override MAX_LENGTH = 1000;
  protected readonly world: World;
  readonly host: SimulatedHost;
  /** The name of the connection, by which the server knows it, too; `""` before. */
  id = "";
  #wires: { readonly out: Wire; readonly in: Wire } | null = null;
  #heartbeat: Heartbeat | null = null;

  constructor(world: World, host: SimulatedHost) {
    super();
    this.world = world;
    this.host = host;
  }

  /** Whether the connection is open. */
  get isOpen(): boolean {
    return this.world.connections.isOpen(this);
  }

  /** Whether all lines of both directions have arrived. */
  get isComplete(): boolean {
    return this.#wires !== null && this.#wires.in.isComplete && this.#wires.out.isComplete;
  }

  /** Sends a line. */
  tell(line: string): void {
    this.#wires?.out.sent(line);
    this.sendLine(line);
  }

  override connectionMade(): void {
    const { host } = this;
    const options = { ...HEARTBEAT, send: () => this.sendLine(PING) };
    this.#heartbeat = new Heartbeat(host.reactor, this.transport, options);
    this.#heartbeat.start();
  }

  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    return super.dataReceived(data);
  }

  override textReceived(line: string): void {
    if (line === PING) return this.sendLine(PONG);
    if (line === PONG) return;
    if (line === PROMPT || line.startsWith(HELLO)) return this.greeted(line);
    this.#wires?.in.received(line);
    this.heard(line);
  }

  override connectionLost(reason: Error): void {
    this.#heartbeat?.stop();
    const isSilent = reason instanceof HeartbeatTimeout;
    this.world.network.sometimes(`${this.constructor.name} drops a silent peer`, isSilent);
  }

  /** Sets the name of the connection. All lines are recorded from now on. */
  protected identify(id: string): void {
    this.id = id;
    const { toServer, toClient } = this.world.wires.of(id);
    this.#wires = this.host.name === SERVER
      ? { in: toServer, out: toClient }
      : { in: toClient, out: toServer };
  }

  /** Called with the peer's first line. */
  protected abstract greeted(line: string): void;

  /** Called with each line, except heartbeats. */
  protected abstract heard(line: string): void;
}

/** The server's end of a member's connection. */
class Talker extends End {
  readonly #room: Room;
  #name: string | null = null;

  constructor(world: World, host: SimulatedHost, room: Room) {
    super(world, host);
    this.#room = room;
  }

  override connectionMade(): void {
    super.connectionMade();
    this.sendLine(PROMPT);
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    if (this.#name === null) return;
    this.#room.people.delete(this.#name);
    this.#room.say(`* ${this.#name} has left`, this);
  }

  protected override greeted(line: string): void {
    this.identify(line.slice(HELLO.length));
  }

  protected override heard(line: string): void {
    if (this.#name === null) return this.#enter(line);
    this.#room.say(`<${this.#name}> ${line}`, this);
    this.tell(`+ ${line.split(" ")[1]}`);
  }

  #enter(name: string): void {
    if (!NAME.test(name)) {
      this.tell("A name has up to 20 letters, digits, _ and -. Please choose another.");
    } else if (this.#room.people.has(name)) {
      this.tell(`${name}${TAKEN}`);
    } else {
      this.#name = name;
      this.tell(`Welcome, ${name}! ${this.#room.people.size} here before you.`);
      this.#room.people.set(name, this);
      this.#room.say(`* ${name} has come`, this);
    }
  }
}

/** A member's end of the connection. */
class Member extends End {
  /** Fires when the member is in the room. */
  readonly entered = new Deferred<void>();
  readonly #unconfirmed = new Map<string, Deferred<void>>();
  /** The messages that have arrived on this connection. */
  readonly #delivered = new Set<string>();
  /** The messages of others that are confirmed, and have to arrive on this connection. */
  readonly #due = new Set<string>();
  #names = 0;

  get isConfirmed(): boolean {
    return this.#unconfirmed.size === 0;
  }

  /** Whether the member is in the room, as far as it knows. */
  get isPresent(): boolean {
    return this.isOpen && this.entered.called;
  }

  /** A message that is missing on this connection; `undefined` if all have arrived. */
  get missing(): string | undefined {
    const [missing] = this.#due;
    return missing;
  }

  /**
   * Says something.
   *
   * @param message The sender's host, the number of the message, and a text.
   * @returns A Deferred that fires when the room has the message, and fails when the connection is
   *   lost before.
   */
  say(message: string): Deferred<void> {
    const [, id = ""] = message.split(" ");
    const others = [...this.world.members.values()].filter((each) => each !== this);
    const present = others.filter(({ isPresent }) => isPresent);
    const confirmed = new Deferred<void>();
    this.#unconfirmed.set(id, confirmed);
    this.tell(message);
    return confirmed.addCallback(() => {
      for (const member of present) member.#expect(id);
    });
  }

  override connectionMade(): void {
    super.connectionMade();
    this.world.members.set(this.host, this);
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    if (!this.entered.called) this.entered.errback(reason);
    for (const confirmed of this.#unconfirmed.values()) confirmed.errback(reason);
    this.#unconfirmed.clear();
  }

  protected override greeted(): void {
    const number = Number(this.host.disk.get("connections") ?? 0) + 1;
    this.host.disk.set("connections", number);
    const id = `${this.host.name}#${number}`;
    this.sendLine(HELLO + id);
    this.identify(id);
    this.#giveName();
  }

  protected override heard(line: string): void {
    if (line.startsWith("+ ")) this.#confirm(line.slice(2));
    else if (line.startsWith("<")) this.#deliver(line);
    else if (line.startsWith("Welcome")) this.entered.callback();
    else if (line.endsWith(TAKEN)) this.#giveName();
  }

  /** Enters under the name of the host, or another one if the old connection still has that. */
  #giveName(): void {
    const { name } = this.host;
    this.world.network.sometimes("a member's name is still taken", this.#names > 0);
    this.tell(this.#names++ === 0 ? name : `${name}_${this.#names}`);
  }

  #confirm(id: string): void {
    const confirmed = this.#unconfirmed.get(id);
    this.#unconfirmed.delete(id);
    if (confirmed === undefined) this.world.network.fail(`${id} was confirmed twice`);
    confirmed?.callback();
  }

  #deliver(line: string): void {
    const [, id = ""] = line.slice(line.indexOf("> ") + 2).split(" ");
    const key = `delivered ${id}`;
    if (this.host.disk.has(key)) {
      this.world.network.fail(`${this.host} has received ${id} twice`);
    }
    this.host.disk.set(key, true);
    this.#delivered.add(id);
    this.#due.delete(id);
  }

  /** Called when a message is confirmed that was sent while this member was in the room. */
  #expect(id: string): void {
    if (!this.#delivered.has(id)) this.#due.add(id);
  }
}

/** The states that some seed must reach. */
export const states = [
  "a message is confirmed",
  "a sender learns that a message may be lost",
  "a member's name is still taken",
  "Member drops a silent peer",
  "Talker drops a silent peer",
  "the server restarts",
];

/** Members enter a room, talk, and lose their connections. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  network.setFaults(FAULTS);
  const world = new World(network);
  network.addHost(SERVER, (host) => runServer(host, world));
  const count = network.parameter("members", 4, 2);
  const hosts = Array.from(
    { length: count },
    (_, i) => network.addHost(`member${i + 1}`, (host) => runMember(host, world)),
  );
  await network.sleep(network.parameter("seconds", 20));
  network.heal();
  await network.eventually(
    RECONNECTED_WITHIN,
    "all members are in the room again",
    () => hosts.every((host) => isInRoom(world, host)),
  );
  world.isQuiet = true;
  await network.eventually(
    RECONNECTED_WITHIN,
    "all lines have arrived, and all senders know",
    () => [...world.members.values()].every((member) => !member.isOpen || isSettled(member)),
  );
  for (const { host, isOpen, missing } of world.members.values()) {
    if (isOpen && missing !== undefined) {
      network.fail(`${missing} was confirmed, and has not reached ${host}, who was in the room`);
    }
  }
  for (const talker of world.room.people.values()) {
    if (!talker.isOpen) network.fail("the room has a member whose connection is lost");
  }
  await network.shutDown();
  world.connections.checkAllLost();
}

/** Returns whether a member is in the room, and both ends of its connection are open. */
function isInRoom(world: World, host: SimulatedHost): boolean {
  const member = world.members.get(host);
  if (member === undefined || !member.isOpen || !member.entered.called) return false;
  return [...world.room.people.values()].some(({ id, isOpen }) => isOpen && id === member.id);
}

function isSettled(member: Member): boolean {
  return member.isComplete && member.isConfirmed;
}

function runServer(host: SimulatedHost, world: World): void {
  const room = new Room();
  world.network.sometimes("the server restarts", host.disk.has("has run"));
  host.disk.set("has run", true);
  world.room = room;
  const factory = world.connections.factory(host, () => new Talker(world, host, room));
  host.reactor.listenTCP(PORT, factory);
  host.reactor.listenTLS(TLS_PORT, factory, { cert: "cert", key: "key" });
}

function runMember(host: SimulatedHost, world: World): void {
  const { network } = world;
  const { reactor, random } = host;
  const address = network.addressOf(SERVER);
  const endpoint = random.below(2) === 0
    ? new TCP4ClientEndpoint(reactor, address, PORT, { timeout: CONNECT_TIMEOUT })
    : new TLSClientEndpoint(reactor, address, TLS_PORT, { timeout: CONNECT_TIMEOUT });
  const factory = world.connections.factory(host, () => new Member(world, host));
  const service = new ClientService(endpoint, factory, {
    clock: reactor,
    retryPolicy: backoffPolicy({
      initialDelay: 0.5,
      maxDelay: LONGEST_WAIT,
      jitter: random.fraction,
    }),
    attemptTimeout: ATTEMPT_TIMEOUT,
    prepareConnection: (member) => member.entered,
  });
  service.startService();
  const talk = new LoopingCall(() => {
    if (!world.isQuiet) void speak(host, service, network);
  });
  talk.start(1, { clock: reactor });
  reactor.addSystemEventTrigger("before", "shutdown", () => {
    talk.stop();
    return service.stopService();
  });
}

/** Says something as soon as there is a connection. */
async function speak(
  host: SimulatedHost,
  service: ClientService<Member>,
  network: SimulatedNetwork,
): Promise<void> {
  const number = Number(host.disk.get("messages") ?? 0) + 1;
  host.disk.set("messages", number);
  const text = "äh, 你好 😀 ".repeat(host.random.between(1, 20));
  try {
    const member = await service.whenConnected({ timeout: 5 });
    await member.say(`${host.name} ${host.name}:${number} ${text}`);
    network.sometimes("a message is confirmed", true);
  } catch {
    network.sometimes("a sender learns that a message may be lost", true);
  }
}
