/**
 * A small server that speaks the protocol of Redis, for `redis-cli`, `redis-benchmark` and any
 * client library: keys with expiry, a counter, and channels to publish on. Nothing is saved.
 *
 *     deno run --allow-net examples/resp_server.ts
 *
 * Try it: `redis-cli -p 6380 set greeting hello ex 60`, and then `redis-cli -p 6380 get greeting`.
 * Ctrl-C stops the server. Argument: the port to listen on (6380; 0 lets the system choose).
 */

import { Factory, type IDelayedCall, log, reactor, TCP4ServerEndpoint } from "@torsion/reactor";
import {
  CommandTable,
  type CommandTableEntry,
  OK,
  PushReply,
  type RESPCommand,
  RESPError,
  type RESPOutput,
  RESPServerProtocol,
  SimpleString,
} from "@torsion/reactor/resp";

const NOT_AN_INTEGER = "value is not an integer or out of range";
const PONG = new SimpleString("PONG");

/** A value, and the call that removes it. */
interface Entry {
  readonly value: Uint8Array;
  readonly expiry: IDelayedCall | null;
}

/** The keys and their values. */
class Store {
  readonly #entries = new Map<string, Entry>();

  get(key: string): Uint8Array | null {
    return this.#entries.get(key)?.value ?? null;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Stores a value, for a number of seconds. */
  set(key: string, value: Uint8Array, seconds = Infinity): void {
    this.#entries.get(key)?.expiry?.cancel();
    const expiry = seconds === Infinity
      ? null
      : reactor.callLater(seconds, () => this.#entries.delete(key));
    this.#entries.set(key, { value, expiry });
  }

  delete(key: string): boolean {
    this.#entries.get(key)?.expiry?.cancel();
    return this.#entries.delete(key);
  }

  /** Returns the seconds until a key expires: `Infinity` if it does not; null if it is missing. */
  secondsLeft(key: string): number | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    return entry.expiry === null ? Infinity : entry.expiry.getTime() - reactor.seconds();
  }
}

/** The clients of each channel. */
const channels = new Map<string, Set<Client>>();
const store = new Store();

/** A client, with the channels that it has subscribed to. */
class Client extends RESPServerProtocol {
  readonly #channels = new Set<string>();

  get isSubscribed(): boolean {
    return this.#channels.size > 0;
  }

  subscribe(channel: string): RESPOutput[] {
    this.#channels.add(channel);
    const clients = channels.get(channel) ?? new Set();
    channels.set(channel, clients.add(this));
    return ["subscribe", channel, this.#channels.size];
  }

  unsubscribe(channel: string): RESPOutput[] {
    this.#channels.delete(channel);
    const clients = channels.get(channel);
    clients?.delete(this);
    if (clients?.size === 0) channels.delete(channel);
    return ["unsubscribe", channel, this.#channels.size];
  }

  /** Returns the pushes for `UNSUBSCRIBE`: without arguments, it ends all subscriptions. */
  unsubscribeFrom(names: string[]): RESPOutput[][] {
    const all = names.length > 0 ? names : [...this.#channels];
    return all.length > 0
      ? all.map((channel) => this.unsubscribe(channel))
      : [["unsubscribe", null, 0]];
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    for (const channel of this.#channels) this.unsubscribe(channel);
  }
}

/** Reads an integer, such as a number of seconds. */
function integerOf(text: string): bigint {
  if (!/^-?[0-9]{1,19}$/.test(text)) throw new RESPError("ERR", NOT_AN_INTEGER);
  const value = BigInt(text);
  if (BigInt.asIntN(64, value) !== value) throw new RESPError("ERR", NOT_AN_INTEGER);
  return value;
}

/** Reads a time to live. */
function secondsOf(text: string, unit: "EX" | "PX", command: string): number {
  const seconds = Number(integerOf(text)) / (unit === "PX" ? 1000 : 1);
  if (seconds > 0 && seconds < 1e10) return seconds;
  throw new RESPError("ERR", `invalid expire time in '${command}' command`);
}

/** `SET key value [NX | XX] [EX seconds | PX milliseconds]` */
function set(command: RESPCommand): RESPOutput {
  const key = command.text(0);
  let seconds = Infinity;
  let needs: "NX" | "XX" | null = null;
  for (let i = 2; i < command.length; i++) {
    const option = command.text(i).toUpperCase();
    if ((option === "NX" || option === "XX") && needs === null) needs = option;
    else if (
      (option === "EX" || option === "PX") && seconds === Infinity && i + 1 < command.length
    ) {
      seconds = secondsOf(command.text(++i), option, "set");
    } else throw new RESPError("ERR", "syntax error");
  }
  if (needs !== null && store.has(key) !== (needs === "XX")) return null;
  // A copy, because a view would keep the chunk in memory in which the value arrived.
  store.set(key, command.copy(1), seconds);
  return OK;
}

function incr(command: RESPCommand): RESPOutput {
  const key = command.text(0);
  const value = integerOf(new TextDecoder().decode(store.get(key) ?? Uint8Array.of(48))) + 1n;
  if (BigInt.asIntN(64, value) !== value) {
    throw new RESPError("ERR", "increment or decrement would overflow");
  }
  const left = store.secondsLeft(key) ?? Infinity;
  store.set(key, new TextEncoder().encode(String(value)), left);
  return value;
}

function expire(command: RESPCommand): RESPOutput {
  const key = command.text(0);
  const seconds = Number(integerOf(command.text(1)));
  const value = store.get(key);
  if (value === null) return 0;
  if (seconds > 0) store.set(key, value, seconds);
  else store.delete(key);
  return 1;
}

function ttl(command: RESPCommand): RESPOutput {
  const left = store.secondsLeft(command.text(0));
  if (left === null) return -2;
  return left === Infinity ? -1 : Math.round(left);
}

function publish(command: RESPCommand): RESPOutput {
  const channel = command.text(0);
  const clients = channels.get(channel) ?? new Set();
  for (const client of clients) client.push(["message", channel, command.bytes(1)]);
  return clients.size;
}

function ping(command: RESPCommand, client: Client): RESPOutput {
  const text = command.length === 0 ? null : command.bytes(0);
  if (client.isSubscribed && client.version === 2) return ["pong", text ?? ""];
  return text ?? PONG;
}

/** What `redis-benchmark` asks for. */
const CONFIG = new Map([["save", ""], ["appendonly", "no"]]);

function config(command: RESPCommand): RESPOutput {
  if (command.text(0).toUpperCase() !== "GET") {
    throw new RESPError("ERR", `Unknown subcommand '${command.text(0)}'`);
  }
  const names = command.texts().slice(1);
  return new Map([...CONFIG].filter(([name]) => names.includes(name)));
}

type Command = CommandTableEntry<Client>;

/** Refuses a command of a client that has subscribed with RESP2, where it could not be answered. */
const notSubscribed = ({ arity, run }: Command): Command => ({
  arity,
  run(command, client): ReturnType<Command["run"]> {
    if (!client.isSubscribed || client.version === 3) return run(command, client);
    const name = command.name.toLowerCase();
    throw new RESPError(
      "ERR",
      `Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
        "are allowed in this context",
    );
  },
});

const KEY_COMMANDS: Record<string, Command> = {
  ECHO: { arity: 2, run: (command) => command.bytes(0) },
  GET: { arity: 2, run: (command) => store.get(command.text(0)) },
  SET: { arity: -3, run: set },
  DEL: {
    arity: -2,
    run: (command) => command.texts().filter((key) => store.delete(key)).length,
  },
  EXISTS: { arity: -2, run: (command) => command.texts().filter((key) => store.has(key)).length },
  INCR: { arity: 2, run: incr },
  EXPIRE: { arity: 3, run: expire },
  TTL: { arity: 2, run: ttl },
  PUBLISH: { arity: 3, run: publish },
  CONFIG: { arity: -2, run: config },
  // A client library may ask for the list of commands, and names itself with CLIENT SETINFO.
  COMMAND: { arity: -1, run: () => [] },
  CLIENT: { arity: -2, run: () => OK },
};

const commands = new CommandTable<Client>({
  ...Object.fromEntries(
    Object.entries(KEY_COMMANDS).map(([name, each]) => [name, notSubscribed(each)]),
  ),
  PING: { arity: -1, run: ping },
  SUBSCRIBE: {
    arity: -2,
    run: (command, client) =>
      new PushReply(command.texts().map((channel) => client.subscribe(channel))),
  },
  UNSUBSCRIBE: {
    arity: -1,
    run: (command, client) => new PushReply(client.unsubscribeFrom(command.texts())),
  },
});

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const [port = "6380"] = Deno.args;
  const factory = Factory.forProtocol(() => new Client(commands));
  const options = { interface: "127.0.0.1" };
  new TCP4ServerEndpoint(reactor, Number(port), options).listen(factory).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
